// The tiny listener on plain node:http.
import { createServer } from 'node:http';
import { tiny } from './tiny.js';

createServer(tiny).listen(Number(process.env.PORT), '127.0.0.1');
