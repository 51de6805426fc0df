import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';
import { TakenServer } from '../../../../src/engine/worker/doors/taken-server.ts';

test('a server that names a port and a path that is none, as SvelteKit does, is taken', async () => {
  const shown = { address: '127.0.0.1', port: 4_321 };
  const taken = new TakenServer({ shown, wantedPort: 3_000, warn: () => {}, onClose: () => {} });
  const server = createServer();
  const listening = new Promise((resolve) => server.once('listening', resolve));
  server.listen({ path: false as never, host: '127.0.0.1', port: 3_000 });
  expect([taken.app?.kind, taken.port]).toEqual(['http.Server', 3_000]);
  await listening;
  expect(server.address()).toMatchObject(shown);
  const closed = new Promise((resolve) => server.close(resolve));
  taken.release();
  await closed;
});
