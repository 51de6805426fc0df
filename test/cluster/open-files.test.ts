import net from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { eventually, servingPids, startServer, stopAll } from './server.ts';

const clients: net.Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await stopAll();
});

test('with few open files and more connections than them the workers live, and it recovers', async () => {
  const server = await startServer({}, { openFiles: 256 });
  expect(server.output()).toMatch(/may open 256 files.*LimitNOFILE/);
  const before = servingPids(await server.fleet());
  let [answered, closed] = [0, 0];
  for (let n = 0; n < 400; n++) {
    const client = net.connect(server.port, '127.0.0.1').on('error', () => {});
    clients.push(client);
    client.once('data', () => {
      answered += 1;
    });
    client.once('close', () => {
      closed += 1;
    });
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  }
  await eventually(
    () => answered + closed,
    (all) => all >= 400,
  );
  expect(answered).toBeGreaterThanOrEqual(128);
  expect(closed).toBeGreaterThan(0);
  expect((await server.get('/health', { port: server.adminPort })).status).toBe(200);
  for (const client of clients) client.destroy();
  await eventually(
    () => server.get('/'),
    ({ status }) => status === 200,
  );
  expect(servingPids(await server.fleet())).toEqual(expect.arrayContaining(before));
  expect(server.output()).not.toMatch(/EMFILE|worker died/);
});
