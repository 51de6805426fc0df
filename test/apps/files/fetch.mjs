/** An app in the manner of the web: Hono's, and those of other runtimes. */
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/') return new Response('<h1>Main page</h1>', { headers: { 'content-type': 'text/html' } });
    if (pathname === '/echo') return new Response(request.body, { headers: { 'x-method': request.method } });
    if (pathname === '/cookies') {
      const headers = new Headers();
      headers.append('set-cookie', 'a=1');
      headers.append('set-cookie', 'b=2');
      return new Response(null, { status: 204, headers });
    }
    return new Response('nothing here', { status: 404 });
  },
};
