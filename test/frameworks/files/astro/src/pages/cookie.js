export const GET = ({ request, cookies }) => {
  cookies.set('session', '1', { path: '/', httpOnly: true });
  cookies.set('seen', '1');
  return new Response(request.headers.get('cookie') ?? 'none');
};
