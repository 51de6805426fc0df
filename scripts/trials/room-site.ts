import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Site } from '../../src/engine/site.ts';

/** Each page waits so long for something elsewhere, ms, and so many may wait at once (TAHAN_ASYNC_LIMIT): room for 50 a second. */
export const PAGE_MS = 400;
export const PLACES = 20;

/** The site of `npm run trial:room`. */
export const createSite = (): Site => ({
  isMember: ({ headers }) => headers.cookie?.includes('member=1') ?? false,
  handler(_request: IncomingMessage, response: ServerResponse) {
    setTimeout(() => response.end('landed'), PAGE_MS);
  },
});
