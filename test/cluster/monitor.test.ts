import { readFileSync } from 'node:fs';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  eventually,
  keepAlive,
  logged,
  request,
  siteFile,
  spawnServer,
  startServer,
  stopAll,
  type TestServer,
} from './server.ts';

const BARE = { TAHAN_MONITOR: '1', TAHAN_SITE: siteFile('bare'), TAHAN_WORKERS_MIN: '1', TAHAN_WORKERS_MAX: '1' };
const receivers: Server[] = [];
afterEach(async () => {
  await stopAll();
  for (const server of receivers.splice(0)) server.close();
});

/** The children of the primary, by their role. */
function childOf(server: TestServer, role: string): number | undefined {
  const pid = server.process.pid!;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean);
  return children
    .map(Number)
    .find((child) => readFileSync(`/proc/${child}/environ`, 'utf8').includes(`TAHAN_INTERNAL_ROLE=${role}\0`));
}
const opsOf = async <T>(server: TestServer, path: string): Promise<T> =>
  JSON.parse((await request(server.adminPort, `/ops/api/${path}`, { timeoutMs: 5_000 })).body) as T;
interface Latest {
  at: number;
  outcomes: Record<string, number>;
}
const monitorUp = (server: TestServer): Promise<number> =>
  eventually(
    async () => {
      const pid = childOf(server, 'monitor');
      return (await server.metrics()).includes('\ntahan_monitor_up 1\n') ? pid : undefined;
    },
    (pid) => pid !== undefined,
  ) as Promise<number>;
const latest = (server: TestServer): Promise<Latest> =>
  eventually(
    async () => (await opsOf<{ sample: Latest | null }>(server, 'now')).sample,
    (sample) => sample !== null,
  ) as Promise<Latest>;

/** Watches requests until one is told. */
const firstOfTail = (server: TestServer): Promise<unknown> =>
  new Promise((resolve, reject) => {
    let text = '';
    const asked = get({ port: server.adminPort, path: '/ops/api/stream?tail', agent: false }, (response) => {
      response.on('data', (chunk) => {
        text += chunk;
        const told = /event: tail\ndata: (.+)\n\n/.exec(text)?.[1];
        if (told === undefined) return;
        resolve((JSON.parse(told) as unknown[])[0]);
        asked.destroy();
      });
    });
    asked.on('error', reject);
  });

/** A light load, until it is stopped; gives what was answered and what failed. */
function load(server: TestServer) {
  const agent = keepAlive(4);
  const seen = { good: 0, bad: [] as string[] };
  let running = true;
  const done = (async () => {
    while (running) {
      await Promise.all(
        Array.from({ length: 4 }, () =>
          request(server.port, '/', { agent, timeoutMs: 5_000 }).then(
            ({ status }) => {
              if (status === 200) seen.good += 1;
              else seen.bad.push(String(status));
            },
            (error: unknown) => seen.bad.push(String(error)),
          ),
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    seen,
    async stop() {
      running = false;
      await done;
      return seen;
    },
  };
}

describe('the monitor', () => {
  test('gets what visitors got, and may be killed under load: no request is lost, history goes on with the gap marked', async () => {
    const server = await startServer(BARE);
    const first = await monitorUp(server);
    const visitors = load(server);
    await eventually(
      () => latest(server),
      ({ outcomes }) => Object.values(outcomes).some((count) => count > 0),
    );
    const watched = await firstOfTail(server);
    expect(watched).toMatchObject({ method: 'GET', path: '/', status: 200, worker: expect.stringMatching(/^worker-/) });
    // Each time it comes back, so that a sample is missed: alone it is back before the next one is due.
    const until = Date.now() + 3_000;
    let second = first;
    while (Date.now() < until) {
      process.kill(second, 'SIGKILL');
      const killed = second;
      second = (await eventually(
        () => childOf(server, 'monitor'),
        (pid) => pid !== undefined && pid !== killed,
      )) as number;
    }
    const killedAt = Date.now();
    await monitorUp(server);
    await eventually(
      () => latest(server),
      ({ at }) => at > killedAt,
    );
    const seen = await visitors.stop();
    expect([seen.bad, seen.good > 20]).toEqual([[], true]);
    const events = await opsOf<{ kind: string }[]>(server, `events?from=${Date.now() - 600_000}&to=${Date.now()}`);
    expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['start', 'gap']));
    const { series } = await opsOf<{ series: Record<string, (number | null)[]> }>(
      server,
      `history?from=${killedAt - 20_000}&to=${Date.now()}&points=100`,
    );
    expect(series.workers!.filter((value) => value !== null).length).toBeGreaterThan(1);
  });

  test('may be stopped under load: nobody waits for it, what it does not take is dropped, and it goes on afterwards', async () => {
    const server = await startServer(BARE);
    const pid = await monitorUp(server);
    await latest(server);
    const visitors = load(server);
    process.kill(pid, 'SIGSTOP');
    try {
      await eventually(
        async () => Number(/^tahan_monitor_dropped_total (\d+)/m.exec(await server.metrics())?.[1] ?? 0),
        (dropped) => dropped >= 2,
        60_000,
      );
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const goneOnAt = Date.now();
    await eventually(
      () => latest(server),
      ({ at }) => at > goneOnAt,
    );
    const seen = await visitors.stop();
    expect([seen.bad, seen.good > 20]).toEqual([[], true]);
    expect(childOf(server, 'monitor')).toBe(pid);
    const events = await opsOf<{ kind: string }[]>(server, `events?from=${Date.now() - 600_000}&to=${Date.now()}`);
    expect(events.map(({ kind }) => kind)).toContain('gap');
  });

  test('is not there with TAHAN_MONITOR=0', async () => {
    const server = await startServer({ ...BARE, TAHAN_MONITOR: '0' });
    expect(childOf(server, 'monitor')).toBeUndefined();
    expect(await server.metrics()).toContain('\ntahan_monitor_up 0\n');
  });

  test('tells a webhook that the lifeboat answers and that it is over, once each; what it answered is traffic, and it serves /status', async () => {
    const got: { alert: string; state: string }[] = [];
    const receiver = createServer((incoming, response) => {
      let body = '';
      incoming.on('data', (part: Buffer) => (body += part.toString()));
      incoming.on('end', () => {
        got.push(JSON.parse(body) as (typeof got)[number]);
        response.end();
      });
    });
    receivers.push(receiver);
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const server = await startServer({
      ...BARE,
      TAHAN_STATUS: '1',
      TAHAN_LAB: '1',
      TAHAN_ALERT_WEBHOOK: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`,
    });
    await monitorUp(server);
    const { workers } = await server.fleet();
    const [worker] = workers;
    process.kill(worker!.pid, 'SIGSTOP');
    try {
      await logged(server, /alert: lifeboat: no worker answers, the lifeboat does/);
      const status = await server.get('/status');
      expect([status.status, status.headers['x-tahan-process']]).toEqual([200, 'lifeboat']);
      expect(status.body).toContain('<h1 class="down">Down</h1>');
      const page = await server.get('/page/only-the-lifeboat');
      expect([page.status, page.headers['x-tahan-process']]).toEqual([503, 'lifeboat']);
    } finally {
      process.kill(worker!.pid, 'SIGCONT');
    }
    // At the start nobody answered either, which is no news: so the first is of now.
    const mine = () => got.filter(({ alert }) => alert === 'lifeboat').map(({ state }) => state);
    await eventually(mine, (states) => states.length === 2, 80_000);
    const now = Date.now();
    const { paths } = await opsOf<{ paths: { page: unknown } }>(server, `traffic?from=${now - 120_000}&to=${now}`);
    expect(paths.page).toContainEqual(expect.objectContaining({ name: '/page/only-the-lifeboat', requests: 1 }));
    expect(mine()).toEqual(['firing', 'resolved']);
  }, 150_000);

  test('a mistake in the file of the alerts stops the start, with a line for it', async () => {
    const { exited, output } = spawnServer({
      ...BARE,
      PORT: '0',
      TAHAN_ADMIN_PORT: '0',
      TAHAN_ALERTS: '/nowhere/alerts.json',
    });
    expect(await exited).toBe(78);
    expect(output()).toContain('TAHAN_ALERTS="/nowhere/alerts.json": cannot be read (ENOENT)');
  });
});
