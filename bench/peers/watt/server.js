// The same bare listener as `plain.js`, as an application of Platformatic Watt; `watt.json` holds its settings.
import { createServer } from 'node:http';
import { threadId } from 'node:worker_threads';

process.env.PEER_WORKER = String(threadId);
const { listener } = await import('../listener.js');

export function create() {
  return createServer(listener);
}
