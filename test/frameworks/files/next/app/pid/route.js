export const GET = () => new Response(String(process.pid));

export const dynamic = 'force-dynamic';
