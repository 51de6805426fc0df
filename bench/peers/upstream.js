// An upstream with room for some requests at once (PLACES), each for a time (MS); further ones wait in a queue.
import { createServer } from 'node:http';

const places = Number(process.env.PLACES ?? 20);
const ms = Number(process.env.MS ?? 50);
const waiting = [];
let busy = 0;

function serve(response) {
  busy += 1;
  setTimeout(() => {
    busy -= 1;
    response.end('ok\n');
    // Whoever has gone meanwhile takes no place: a database drops a cancelled query, too.
    let next = waiting.shift();
    while (next?.destroyed) next = waiting.shift();
    if (next !== undefined) serve(next);
  }, ms);
}

createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.url === '/health/ready') response.end('ready\n');
  else if (busy < places) serve(response);
  else waiting.push(response);
}).listen(Number(process.env.PORT), '127.0.0.1');
