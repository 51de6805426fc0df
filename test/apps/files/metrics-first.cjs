const http = require('node:http');

// The port for visitors is not the first on which it listens.
http.createServer((_request, response) => response.end('metrics')).listen(process.env.SECOND_PORT);
setTimeout(() => {
  http.createServer((_request, response) => response.end('visitors')).listen(process.env.PORT);
}, 20);
