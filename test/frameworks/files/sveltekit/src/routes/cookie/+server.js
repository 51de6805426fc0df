export const GET = ({ request, cookies }) => {
  cookies.set('session', '1', { path: '/' });
  cookies.set('seen', '1', { path: '/' });
  return new Response(request.headers.get('cookie') ?? 'none');
};
