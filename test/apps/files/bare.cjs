const http = require('node:http');

// A plain app: it knows nothing of Tahan, and its last line is only for who starts it.
const pages = {
  '/': ['text/html; charset=utf-8', '<html><body><h1>Main page</h1></body></html>'],
  '/text': ['text/plain', 'plain text, with no charset'],
  '/bytes': ['application/octet-stream', Buffer.from(Array.from({ length: 256 }, (_, n) => n))],
};
let rendered = 0;
const server = http.createServer((request, response) => {
  const path = request.url.split('?')[0];
  const send = (status, body, headers = {}) => response.writeHead(status, headers).end(body);
  if (pages[path]) return send(200, pages[path][1], { 'Content-Type': pages[path][0], 'X-App': 'bare' });
  if (path === '/ip') return send(200, request.socket.remoteAddress);
  if (path === '/address') return send(200, JSON.stringify(server.address()));
  if (path === '/main') return send(200, JSON.stringify([require.main === module, ...process.argv.slice(2)]));
  if (path === '/cookie') return send(200, request.headers.cookie ?? 'none', { 'Set-Cookie': ['a=1', 'b=2'] });
  if (path === '/public') return send(200, `rendered ${++rendered}`, { 'Cache-Control': 'public, max-age=60' });
  if (path === '/echo') return request.pipe(response.writeHead(200, { 'Content-Type': 'text/plain' }));
  if (path === '/slow') return setTimeout(() => send(200, 'slow'), 200);
  if (path === '/pid') return send(200, String(process.pid));
  if (path === '/close') return send(200, 'closing', { Connection: 'close' }) && server.close();
  if (path === '/fork') {
    try {
      require('node:cluster').fork();
    } catch (error) {
      return send(200, error.message);
    }
  }
  return send(404, 'nothing here');
});
server.on('upgrade', (_request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
  socket.on('data', (chunk) => socket.write(chunk));
});
server.listen(process.env.PORT || 3000, () => console.log(`app listens on ${server.address().port}`));
process.on('SIGTERM', () => {
  console.log('app was told to end');
  server.close(() => console.log('app has closed'));
});
process.on('beforeExit', () => console.log('app before exit'));
