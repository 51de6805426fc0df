import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import {
  type Answer,
  eventually,
  type FleetView,
  servingPids,
  siteFile,
  startServer,
  stopAll,
  type TestServer,
  untilServing,
  visit,
} from './server.ts';

afterEach(stopAll);
afterAll(stopAll);

const SITE = { TAHAN_SITE: siteFile('counted'), TAHAN_LAB: '1' };
const ONE = { ...SITE, TAHAN_WORKERS_MIN: '1', TAHAN_WORKERS_MAX: '1' };
/**
 * Two workers, and a spare also in times that are not calm. The gate is open: what it says to a burst on a worker that
 * was just promoted is its own tests' business.
 */
const SPARED = {
  ...SITE,
  TAHAN_WORKERS_MIN: '2',
  TAHAN_WORKERS_MAX: '3',
  TAHAN_SPARE: '1',
  // Other tests may have both cores.
  TAHAN_INTERNAL_SCALER: JSON.stringify({ spareIdleCores: 0 }),
  TAHAN_DEADLINE_MS: '20000',
  TAHAN_GATE_CRITICAL_MS: '10000',
  TAHAN_GATE_LOW_MS: '10000',
};
/** A visitor is held for 1,500 ms; some less, for the clocks of two processes. */
const HELD_MS = 1_400;

const from = ({ headers }: Answer): string => String(headers['x-tahan-process']);
const answered = (visits: readonly (Answer | Error)[]): Answer[] =>
  visits.map((one) => {
    if (one instanceof Error) throw one;
    return one;
  });
/** Requests that the lifeboat answered with this, or gave back. */
const counted = async (server: TestServer, kind: string): Promise<number> =>
  Number(new RegExp(`tahan_lifeboat_answers_total\\{kind="${kind}"\\} (\\d+)`).exec(await server.metrics())?.[1] ?? 0);
const lifeboatActive = (server: TestServer): Promise<unknown> =>
  eventually(server.fleet, ({ lifeboat }) => lifeboat.active);
const lifeboatAshore = (server: TestServer): Promise<unknown> =>
  eventually(server.fleet, ({ lifeboat }) => !lifeboat.active);
/** Waits until a warm worker stands by besides one that serves. */
const untilSpare = (server: TestServer): Promise<FleetView> =>
  eventually(
    server.fleet,
    ({ workers }) => ['serving', 'spare'].every((wanted) => workers.some(({ state, up }) => state === wanted && up)),
    60_000,
  );
/** Holds up the only worker, and waits until the lifeboat has the port. Resolves with the end of the block. */
async function block(server: TestServer, ms: number): Promise<{ ended: Promise<unknown> }> {
  const ended = server.get(`/block?ms=${ms}`, { timeoutMs: ms + 15_000 });
  await lifeboatActive(server);
  return { ended };
}
/** What the site has run, by name. */
function runs(server: TestServer): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of readFileSync(join(server.dataDir, 'runs.log'), 'utf8').trim().split('\n'))
    counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** A POST whose body comes in two parts; resolves with the status. */
function halfSentPost(server: TestServer, id: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(`POST /run HTTP/1.1\r\nhost: x\r\ncontent-length: ${id.length}\r\n\r\n${id.slice(0, 2)}`);
    setTimeout(() => socket.write(id.slice(2)), 100);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0)));
  });
}

describe('a worker that is busy for a moment', () => {
  test('a block of 130 ms refuses nobody', async () => {
    const server = await startServer(ONE);
    await untilServing(server, 1);
    const visitors = visit(server, '/run', 15, { method: 'POST', body: 'x' });
    for (let n = 0; n < 10; n += 1) await server.get('/block?ms=130');
    const answers = answered(await visitors.stop());
    expect(answers.length).toBeGreaterThan(50);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  });

  test('a handler of 60 ms at half of the capacity never calls the lifeboat', async () => {
    const server = await startServer(ONE);
    await untilServing(server, 1);
    const before = await counted(server, 'handed_back');
    const visitors = visit(server, '/block?ms=60', 120);
    const seen: boolean[] = [];
    for (let n = 0; n < 100; n += 1) {
      seen.push((await server.fleet()).lifeboat.active);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    const answers = answered(await visitors.stop());
    expect(answers.map((answer) => [answer.status, from(answer)])).toEqual(answers.map(() => [200, 'worker-1']));
    expect(seen).toEqual(seen.map(() => false));
    expect(await counted(server, 'handed_back')).toBe(before);
  });
});

describe('a worker that is blocked', () => {
  test('the main page comes from the lifeboat; whoever asks for more is held, then served by the worker or told to wait', async () => {
    const server = await startServer(ONE);
    await untilServing(server, 1);
    const { ended } = await block(server, 4_000);
    const rescued = await server.get('/');
    expect([rescued.status, from(rescued)]).toEqual([200, 'lifeboat']);
    expect((await server.get('/', { method: 'HEAD' })).status).toBe(200);
    const early = server.get('/who');
    const form = server.get('/run', { method: 'POST', body: 'lost' });
    const visitors = visit(server, '/who', 50);
    const refused = await early;
    expect([refused.status, from(refused)]).toEqual([503, 'lifeboat']);
    expect(refused.ms).toBeGreaterThan(HELD_MS);
    expect([refused.headers.refresh, refused.body]).toEqual([
      refused.headers['retry-after'],
      expect.stringContaining('Try now'),
    ]);
    const lost = await form;
    expect([lost.status, from(lost), lost.headers.refresh]).toEqual([503, 'lifeboat', undefined]);
    expect(lost.body).toContain('what you sent was not taken');
    await ended;
    await lifeboatAshore(server);
    const answers = answered(await visitors.stop());
    for (const { status, ms } of answers) if (status !== 200) expect([status, ms > HELD_MS]).toEqual([503, true]);
    expect(answers.some((answer) => answer.status === 200 && from(answer) === 'worker-1')).toBe(true);
    await eventually(
      () => counted(server, 'handed_back'),
      (count) => count > 0,
    );
    // Busy is not dead: nobody was replaced.
    expect(await server.metrics()).not.toMatch(/tahan_worker_restarts_total\{/);
  });

  test('the lifeboat ends each connection with its answer, however many requests came on it at once', async () => {
    const server = await startServer(ONE);
    await untilServing(server, 1);
    const { ended } = await block(server, 3_000);
    const socket = connect(server.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(1_000));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(text.match(/^HTTP\/1\.1 200/gm)).toHaveLength(1);
    expect(text).toMatch(/\r\nx-tahan-process: lifeboat\r\n/i);
    expect(text).toMatch(/\r\nconnection: close\r\n/i);
    await ended;
  });

  test('a connection that asked nothing while the lifeboat had it is a worker’s afterwards', async () => {
    const server = await startServer(ONE);
    await untilServing(server, 1);
    const { ended } = await block(server, 1_500);
    const socket = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    await server.get('/'); // accepted after the silent one
    await ended;
    await lifeboatAshore(server);
    socket.write('GET /who HTTP/1.1\r\nhost: x\r\n\r\n');
    const text = await new Promise<string>((resolve, reject) => {
      socket.once('data', (chunk: Buffer) => resolve(chunk.toString()));
      socket.once('close', () => reject(new Error('closed without an answer')));
    });
    expect(text).toMatch(/^HTTP\/1\.1 200[\s\S]*worker-1$/);
    socket.destroy();
  });

  test('a second incident serves the newer copy', async () => {
    const server = await startServer(ONE);
    await untilServing(server, 1);
    const first = await server.get('/page/a');
    await server.get('/purge?tag=nothing'); // waits for the store
    const one = await block(server, 1_500);
    const rescued = await server.get('/page/a');
    expect([from(rescued), rescued.body]).toEqual(['lifeboat', first.body]);
    await one.ended;
    await lifeboatAshore(server);
    await server.get('/purge?tag=page/page/a');
    const second = await server.get('/page/a');
    expect(second.body).not.toBe(first.body);
    await server.get('/purge?tag=nothing');
    // The first block counts as the worker's work now: its silence is borne for as long as that took, on a busy machine longer.
    const two = await block(server, 6_000);
    const again = await server.get('/page/a');
    expect([from(again), again.body]).toEqual(['lifeboat', second.body]);
    await two.ended;
  });

  test('each host of TAHAN_HOSTS has its main page', async () => {
    const server = await startServer({ ...ONE, TAHAN_HOSTS: 'Example.org,other.example' });
    await untilServing(server, 1);
    const { ended } = await block(server, 2_000);
    for (const [host, shown] of [
      ['example.org', 'example.org'],
      ['other.example:80', 'other.example'],
    ]) {
      const answer = await server.get('/', { headers: { host: host! } });
      expect([answer.status, from(answer)]).toEqual([200, 'lifeboat']);
      expect(answer.body).toContain(`of ${shown}<`);
    }
    expect((await server.get('/', { headers: { host: 'stranger.example' } })).status).toBe(200);
    await ended;
  });
});

describe('kill -9 of every worker', () => {
  test('whoever asks then is answered by the next worker, and each POST is run once', async () => {
    const server = await startServer(SPARED);
    const fleet = await untilServing(server, 2);
    await untilSpare(server);
    for (const pid of servingPids(fleet)) process.kill(pid, 'SIGKILL');
    const gets = Array.from({ length: 40 }, (_, n) => server.get(`/who?${n}`));
    const posts = Array.from({ length: 40 }, (_, n) => server.get('/run', { method: 'POST', body: `post-${n}` }));
    const halves = Array.from({ length: 20 }, (_, n) => halfSentPost(server, `half-${n}`));
    expect((await Promise.all(gets)).map(({ status }) => status)).toEqual(gets.map(() => 200));
    expect((await Promise.all(posts)).map(({ status }) => status)).toEqual(posts.map(() => 200));
    expect(await Promise.all(halves)).toEqual(halves.map(() => 200));
    const ran = runs(server);
    expect(ran.size).toBe(60);
    expect([...ran.values()].every((times) => times === 1)).toBe(true);
  }, 90_000);

  test('500 half-sent POSTs in a burst: each is run once or told to wait, none is lost', async () => {
    const server = await startServer({ ...SPARED, TAHAN_WORKERS_MIN: '1', TAHAN_WORKERS_MAX: '1', TAHAN_SPARE: '0' });
    await untilServing(server, 1);
    const { ended } = await block(server, 1_200);
    const answers = await Promise.all(Array.from({ length: 500 }, (_, n) => halfSentPost(server, `burst-${n}`)));
    await ended;
    expect(answers.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    const done = answers.flatMap((status, n) => (status === 200 ? [`burst-${n}`] : []));
    const ran = runs(server);
    expect([...ran].filter(([, times]) => times !== 1)).toEqual([]);
    expect([...ran.keys()].sort()).toEqual(done.sort());
    await eventually(
      () => counted(server, 'handed_back'),
      (count) => count > 0,
    );
  }, 60_000);

  test('again and again: no POST is run twice, and none that was answered is lost', async () => {
    const server = await startServer(SPARED);
    let sent = 0;
    const done: string[] = [];
    const statuses = new Set<number>();
    const posting = setInterval(() => {
      const id = `p${sent++}`;
      server.get('/run', { method: 'POST', body: id }).then(
        ({ status }) => {
          statuses.add(status);
          if (status === 200) done.push(id);
        },
        () => {}, // its worker was killed while it ran it
      );
    }, 10);
    try {
      for (let round = 0; round < 2; round += 1) {
        for (const pid of servingPids(await untilSpare(server))) process.kill(pid, 'SIGKILL');
      }
      await untilServing(server, 2);
    } finally {
      clearInterval(posting);
    }
    const ran = await eventually(
      () => runs(server),
      (seen) => done.every((id) => seen.has(id)),
    );
    expect([...ran].filter(([, times]) => times > 1)).toEqual([]);
    expect([...statuses]).toEqual([200]);
  }, 180_000);
});
