// Plain node:http before an upstream, with a fixed limit (LIMIT) of requests at once; those over it are refused at once.
import { createServer } from 'node:http';
import { createUpstream } from '../../src/site/features/lab/upstream.ts';

const limit = Number(process.env.LIMIT ?? 20);
const ask = createUpstream(process.env.TAHAN_INTERNAL_LAB_UPSTREAM);
let inFlight = 0;

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(body);
}

createServer((request, response) => {
  if (request.url === '/health/ready') return send(response, 200, 'ready\n');
  if (inFlight >= limit) return send(response, 503, 'full\n');
  inFlight += 1;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  ask(gone.signal)
    .then(
      () => send(response, 200, 'done\n'),
      () => send(response, 502, 'the upstream failed\n'),
    )
    .finally(() => {
      inFlight -= 1;
    });
}).listen(Number(process.env.PORT), '127.0.0.1');
