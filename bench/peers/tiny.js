const BODY = 'done\n';

/** The smallest answer a site gives: what is measured with it is the way there and back. */
export function tiny(_request, response) {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': BODY.length });
  response.end(BODY);
}
