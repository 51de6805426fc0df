import { createServer } from 'node:http';
import { Server } from 'socket.io';

const server = createServer((_request, response) => response.end('<h1>Main page</h1>'));
new Server(server).on('connection', (socket) => socket.on('who', (answer) => answer(process.pid)));
server.listen(3000);
