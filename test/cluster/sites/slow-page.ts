import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Site } from '../../../src/engine/site.ts';

/** 25 ms of work for each page; `/leave` sends its visitor out of the waiting room. People who want the shop wait in a room of its own. */
export const createSite = (): Site => ({
  policies: [{ route: '/shop', room: 'shop' }],
  handler(request: IncomingMessage, response: ServerResponse) {
    if (request.url === '/leave') response.setHeader('x-tahan-room', 'leave');
    const until = performance.now() + 25;
    while (performance.now() < until);
    response.end('landed');
  },
});
