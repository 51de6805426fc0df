import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { NODE, startServer, stopAll, TAHAN, type TestServer } from '../cluster/server.ts';

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

test.each([['polling'], ['polling,websocket']])(
  'a session of Socket.IO stays with its worker (%s), over two workers',
  async (transports) => {
    const { port } = await startServer(
      { TAHAN_WORKERS_MIN: '2', TAHAN_WORKERS_MAX: '2', TAHAN_SPARE: '0' },
      { command: [TAHAN, fileURLToPath(new URL('./files/socket-io.js', import.meta.url))] },
    );
    // Whoever comes before every worker knows that there are sessions may have to begin anew.
    await talk(port, 1, transports);
    const { pids, failures } = await talk(port, 20, transports);
    expect(failures).toEqual([]);
    expect(pids.length).toBe(2);
  },
);

/** Clients that each ask three times, in a process of their own; by whom they were answered, and what went wrong. */
async function talk(
  port: number,
  clients: number,
  transports: string,
): Promise<{ pids: number[]; failures: string[] }> {
  const { stdout } = await promisify(execFile)(
    NODE,
    [fileURLToPath(new URL('./files/socket-io-client.js', import.meta.url)), String(port), String(clients), transports],
    { timeout: 30_000 },
  );
  return JSON.parse(stdout);
}
