import http from 'node:http';
import { WebSocketServer } from 'ws';

const server = http.createServer((_request, response) => response.end('<h1>Main page</h1>'));
new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (word) => socket.send(`${word}`)));
server.listen(3000);
