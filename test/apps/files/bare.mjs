import http from 'node:http';

// It listens later, as an app does that connects to its database first.
await new Promise((resolve) => setTimeout(resolve, 20));
const server = http.createServer(async (request, response) => {
  if (request.url === '/') {
    response.setHeader('Content-Type', 'text/html');
    response.end('<h1>Main page</h1>');
  } else if (request.url === '/ip') response.end(request.socket.remoteAddress);
  else if (request.url === '/main') response.end(JSON.stringify([import.meta.main, ...process.argv.slice(2)]));
  else if (request.url === '/address') response.end(JSON.stringify(server.address()));
  else if (request.url === '/slow') setTimeout(() => response.end('slow'), 200);
  else if (request.url === '/pid') response.end(String(process.pid));
  else if (request.url === '/throw') throw new Error('thrown on purpose');
  else {
    response.statusCode = 404;
    response.end('nothing here');
  }
});
server.on('upgrade', (_request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
  socket.on('data', (chunk) => socket.write(chunk));
});
server.listen({ port: process.env.PORT || 3000, host: '127.0.0.1' });
// Not for visitors.
http.createServer((_request, response) => response.end('inside')).listen(process.env.SECOND_PORT || 0);
