import type { Server } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { type AdminSources, startAdmin } from '../../../src/engine/primary/admin.ts';
import { bindPort, portProblem } from '../../../src/engine/primary/port.ts';

const open: { close: () => void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});
const admin = async (more: Partial<AdminSources> = {}, host = '127.0.0.1', names: string[] = []): Promise<Server> => {
  const { server } = await startAdmin(host, 0, names, {
    health: () => ({ status: 200, body: '{"status":"ok"}\n' }),
    exposition: () => Promise.resolve('tahan_up 1\n'),
    fleet: () => ({ workers: [] }),
    ...more,
  });
  open.push(server);
  return server;
};

describe('the admin port', () => {
  test('shows health, metrics and the fleet, and names what it has', async () => {
    const server = await admin();
    await supertest(server).get('/health?x').expect(200, { status: 'ok' }).expect('cache-control', 'no-store');
    await supertest(server).get('/health/live').expect(200, { live: true });
    await supertest(server).get('/health/ready').expect(200, { ready: true });
    await supertest(server).get('/metrics').expect(200, 'tahan_up 1\n');
    await supertest(server).get('/fleet').expect(200, { workers: [] });
    expect((await supertest(server).get('/other').expect(404)).text).toContain('/metrics');
  });

  test('is alive and not ready when the server is down', async () => {
    const server = await admin({ health: () => ({ status: 503, body: '{"status":"down"}\n' }) });
    await supertest(server).get('/health').expect(503);
    await supertest(server).get('/health/ready').expect(503, { ready: false });
    await supertest(server).get('/health/live').expect(200);
  });

  test('is read only', async () => {
    const server = await admin();
    await supertest(server).post('/health').expect(405).expect('allow', 'GET, HEAD');
    expect((await supertest(server).head('/metrics').expect(200)).text).toBeUndefined();
  });

  test('says why the metrics failed', async () => {
    const server = await admin({ exposition: () => Promise.reject(new Error('a broken series')) });
    expect((await supertest(server).get('/metrics').expect(500)).text).toContain('a broken series');
  });

  test('in use by another program is one line that says what to do', async () => {
    const { port } = (await admin()).address() as { port: number };
    const failure = await startAdmin('127.0.0.1', port, [], {} as AdminSources).catch((error: Error) => error);
    expect(failure).toMatchObject({
      code: 'PORT_UNAVAILABLE',
      message: `port ${port} on 127.0.0.1 is in use by another program; stop it, or set TAHAN_ADMIN_PORT to another port`,
    });
  });
});

describe('the host name that the admin port is asked by', () => {
  const status = async (server: Server, host: string): Promise<number> =>
    (await supertest(server).get('/metrics').set('host', host)).status;
  const OWN = ['localhost', 'LOCALHOST:9464', 'a.localhost', '127.0.0.1:9464', '127.9.9.9', '[::1]:9464', 'localhost.'];
  const OTHERS = [
    'evil.example',
    'evil.example:9464',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '',
    '[',
    'a b',
  ];

  test.each(OWN)('%s is its own', async (host) => {
    expect(await status(await admin(), host)).toBe(200);
  });

  test.each(OTHERS)('"%s" is not: 421, with what to do', async (host) => {
    const server = await admin({}, '127.0.0.1', ['example.org']);
    for (const path of ['/metrics', '/fleet', '/health']) {
      const answer = await supertest(server).get(path).set('host', host);
      expect([answer.status, answer.text]).toEqual([421, expect.stringContaining('TAHAN_ADMIN_HOST')]);
    }
  });

  test('is one of the settings', async () => {
    const server = await admin({}, '127.0.0.1', ['Example.org', 'tahan.internal:8080']);
    expect([await status(server, 'example.org:9464'), await status(server, 'tahan.internal')]).toEqual([200, 200]);
    expect(await status(server, 'sub.example.org')).toBe(421);
  });

  test('may be any address where the port is open to other machines, and only there', async () => {
    expect(await status(await admin({}, '0.0.0.0'), '203.0.113.9:9464')).toBe(200);
    expect(await status(await admin({}, '0.0.0.0'), 'evil.example')).toBe(421);
    expect(await status(await admin(), '203.0.113.9:9464')).toBe(421);
  });
});

describe('the site’s port', () => {
  test('is bound once, and its number is known where 0 was asked', async () => {
    const { handle, port } = await bindPort('127.0.0.1', 0, 'PORT');
    open.push(handle);
    expect(port).toBeGreaterThan(0);
  });

  test('in use is told at once, not when the first worker listens', async () => {
    const { port } = (await admin()).address() as { port: number };
    await expect(bindPort('127.0.0.1', port, 'PORT')).rejects.toMatchObject({
      code: 'PORT_UNAVAILABLE',
      message: expect.stringContaining('set PORT to another port'),
    });
  });

  test('on an address of another machine is told', async () => {
    await expect(bindPort('192.0.2.1', 0, 'PORT')).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' });
  });

  test.each([
    ['EADDRINUSE', 'in use by another program'],
    ['EACCES', 'a port above 1023'],
    ['EADDRNOTAVAIL', '(EADDRNOTAVAIL); set PORT'],
  ])('%s says what to do', (code, advice) => {
    expect(portProblem(code, '0.0.0.0', 80, 'PORT')).toContain(advice);
  });
});
