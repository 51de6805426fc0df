// Plain node:http, as in the first example of its documentation.
import { createServer } from 'node:http';
import { listener } from './listener.js';

createServer(listener).listen(Number(process.env.PORT), '127.0.0.1');
