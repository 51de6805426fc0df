import { mkdtempSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { startAdmin } from '../../../src/engine/primary/admin.ts';
import { createHandOn } from '../../../src/engine/primary/hand-on.ts';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});
const monitor = async (listener: RequestListener): Promise<string> => {
  const socket = join(mkdtempSync(join(tmpdir(), 'tahan-')), 'ops.sock');
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return socket;
};
const admin = async (socket: string | undefined): Promise<Server> => {
  const { server } = await startAdmin('127.0.0.1', 0, [], {
    health: () => ({ status: 200, body: '{}\n' }),
    exposition: () => Promise.resolve(''),
    fleet: () => ({}),
    opsSocket: () => socket,
  });
  open.push(server);
  return server;
};
/** The hand-on on a server of its own, with bounds that a test can reach. */
const front = (socket: string, bounds: Parameters<typeof createHandOn>[0]): Server => {
  const handOn = createHandOn(bounds);
  const server = createServer((request, response) => handOn(request, response, socket));
  open.push(server);
  return server;
};

describe('/ops of the admin port', () => {
  test('is handed on with method, body and headers, and tells who asks in its own words', async () => {
    const socket = await monitor((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        response.setHeader('set-cookie', 'a=b; HttpOnly');
        response.statusCode = 201;
        response.end(
          JSON.stringify({ method: request.method, url: request.url, body, remote: request.headers['x-tahan-remote'] }),
        );
      });
    });
    const answer = await supertest(await admin(socket))
      .post('/ops/api/actions?x=1')
      .set('x-tahan-remote', 'somebody else')
      .send({ do: 'reload' })
      .expect(201)
      .expect('set-cookie', 'a=b; HttpOnly');
    expect(JSON.parse(answer.text)).toEqual({
      method: 'POST',
      url: '/ops/api/actions?x=1',
      body: '{"do":"reload"}',
      remote: '127.0.0.1',
    });
  });

  test('is 503 in words while the monitor is not up, is dead, or does not answer; the rest is answered as ever', async () => {
    for (const socket of [undefined, '/nowhere/ops.sock']) {
      const server = await admin(socket);
      const { text } = await supertest(server).get('/ops').expect(503).expect('retry-after', '2');
      expect(text).toContain('monitor');
      await supertest(server).get('/health').expect(200);
    }
    const stopped = await monitor(() => {});
    const { text } = await supertest(front(stopped, { headMs: 50 }))
      .get('/ops')
      .expect(503);
    expect(text).toContain('does not answer');
  });

  test('is cut where the monitor dies in the middle of an answer', async () => {
    const socket = await monitor((_, response) => {
      response.write('begun');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(supertest(await admin(socket)).get('/ops/api/stream')).rejects.toThrow();
  });

  test('takes so many at once, and has a place again when one of them left', async () => {
    const held: (() => void)[] = [];
    const socket = await monitor((_, response) => held.push(() => response.end('done')));
    const server = front(socket, { max: 2 });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const both = [supertest(server).get('/ops'), supertest(server).get('/ops')].map((asked) =>
      asked.then(({ status }) => status),
    );
    while (held.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await supertest(server).get('/ops').expect(503)).text).toContain('enough requests');
    for (const end of held.splice(0)) end();
    expect(await Promise.all(both)).toEqual([200, 200]);
    const next = supertest(server)
      .get('/ops')
      .then(({ status }) => status);
    while (held.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    held[0]!();
    expect(await next).toBe(200);
  });

  test('answers to known hosts only, as the rest of the port', async () => {
    const socket = await monitor((_, response) => response.end('seen'));
    await supertest(await admin(socket))
      .get('/ops')
      .set('host', 'evil.example')
      .expect(421);
  });
});
