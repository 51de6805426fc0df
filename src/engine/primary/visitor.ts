import { get } from 'node:http';

/** Visits on their way at a time, and the longest that one may take, ms. */
const MAX_AT_ONCE = 4;
const TIMEOUT_MS = 5_000;

/**
 * Asks the server's own port for a page, as a visitor on a new connection would; who answers is the kernel's choice. What
 * it gets is of no interest: who has answered says so in its beat. A call while enough are on their way does nothing.
 */
export function createVisitor(host: string, port: number, path: () => string): () => void {
  let onTheirWay = 0;
  const local = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return () => {
    if (onTheirWay >= MAX_AT_ONCE) return;
    onTheirWay += 1;
    const asked = get({ host: local, port, path: path(), agent: false, timeout: TIMEOUT_MS }, (answer) => {
      answer.resume();
    });
    asked.on('timeout', () => asked.destroy());
    // Refused or reset is for the next visit to find better: the reload has its own time.
    asked.on('error', () => {});
    asked.on('close', () => {
      onTheirWay -= 1;
    });
  };
}
