export const dynamic = 'force-dynamic';

export default async ({ searchParams }) => <h1>{(await searchParams).word ?? 'rendered'}</h1>;
