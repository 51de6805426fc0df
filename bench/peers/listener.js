import { answer } from './routes.js';

function send(response, { status, headers, body }) {
  headers['content-length'] = Buffer.byteLength(body);
  response.writeHead(status, headers);
  response.end(body);
}

/** A bare node:http listener of the bench's routes. */
export function listener(request, response) {
  const answered = answer(request.url);
  if (answered instanceof Promise) answered.then((later) => send(response, later));
  else send(response, answered);
}
