import { cookies } from 'next/headers';

export const GET = async (request) => {
  const jar = await cookies();
  jar.set('session', '1');
  jar.set('seen', '1');
  return new Response(request.headers.get('cookie') ?? 'none');
};
