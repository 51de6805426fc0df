import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { startServer, stopAll, TAHAN, type TestServer } from '../cluster/server.ts';

// Frameworks from npm, in a package of their own: `npm run test:apps` fetches them.

const startApp = (name: string, ...args: string[]): Promise<TestServer> =>
  startServer(
    { TAHAN_WORKERS_MAX: '1' },
    { command: [TAHAN, fileURLToPath(new URL(`./files/${name}`, import.meta.url)), ...args] },
  );
afterEach(stopAll);

test.each([
  ['fastify.js', 'listen'],
  ['fastify.js', 'export'],
  ['hono.js', 'listen'],
  ['hono.js', 'export'],
  ['express4.cjs', 'listen'],
  ['express4.cjs', 'export'],
])('%s (%s) is served unchanged', async (name, how) => {
  const { get } = await startApp(name, how);
  expect((await get('/')).body).toBe('<h1>Main page</h1>');
  expect((await get('/ip')).body).toMatch(/127\.0\.0\.1$/);
  const headers = { 'content-type': 'application/json' };
  expect((await get('/echo', { method: 'POST', headers, body: '{"a":1}' })).body).toBe('{"a":1}');
});

test('a WebSocket of ws is open until a reload, which closes it with 1012', async () => {
  const server = await startApp('ws.js');
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
  const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
  const word = new Promise((resolve) => socket.addEventListener('message', ({ data }) => resolve(data)));
  socket.addEventListener('open', () => socket.send('word'));
  expect(await word).toBe('word');
  process.kill(server.process.pid!, 'SIGHUP');
  expect(await closed).toBe(1012);
});
