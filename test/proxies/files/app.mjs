import { createServer } from 'node:http';

let cut = 0;
const server = createServer(async (request, response) => {
  switch (request.url) {
    case '/visitor':
      return response.end(`${request.socket.remoteAddress} ${request.headers['x-forwarded-proto']}`);
    case '/upload': {
      let bytes = 0;
      for await (const chunk of request) bytes += chunk.length;
      return response.end(String(bytes));
    }
    case '/stream':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return void response.write('data: first\n\n');
    case '/cut':
      cut++;
      return request.socket.destroy();
    case '/cuts':
      return response.end(String(cut));
    default:
      response.setHeader('content-type', 'text/html');
      return response.end('<h1>Main page</h1>');
  }
});
server.on('upgrade', (_request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
  socket.pipe(socket);
});
server.listen(process.env.PORT);
