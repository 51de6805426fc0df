export const GET = () => new Response(String(process.pid));
