import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Rights } from './access.ts';

/** One request of the dashboard, with what it may do. */
export interface Asking {
  request: IncomingMessage;
  response: ServerResponse;
  path: string;
  query: URLSearchParams;
  rights: Rights;
}
