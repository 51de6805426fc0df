import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import {
  eventually,
  failed,
  isAlive,
  logged,
  refused,
  servingPids,
  siteFile,
  startServer,
  stopAll,
  untilServing,
  visit,
} from './server.ts';

afterEach(stopAll);
afterAll(stopAll);

const SITE = { TAHAN_SITE: siteFile('bare'), TAHAN_LAB: '1' };
const TWO = { ...SITE, TAHAN_WORKERS_MIN: '2', TAHAN_WORKERS_MAX: '2' };

describe('when workers are gone', () => {
  test('every worker killed at once: the main page answers all the same, and workers come back', async () => {
    const server = await startServer(TWO);
    const fleet = await untilServing(server, 2);
    const visitors = visit(server, '/');
    // Past the first moments, in which a new worker answers slowly.
    await eventually(
      () => visitors.answers.length,
      (count) => count > 100,
    );
    for (const pid of servingPids(fleet)) process.kill(pid, 'SIGKILL');
    const inHand = visitors.begun();
    const rescued = await eventually(
      () => server.get('/'),
      ({ headers }) => headers['x-tahan-process'] === 'lifeboat',
    );
    expect(rescued.status).toBe(200);
    await eventually(
      server.fleet,
      ({ lifeboat, workers }) => !lifeboat.active && workers.filter(({ state }) => state === 'serving').length === 2,
      30_000,
    );
    const answers = await visitors.stop();
    expect(refused(answers.slice(0, inHand))).toEqual([]);
    expect(failed(answers.slice(inHand))).toEqual([]);
  });

  test('every worker blocked: the lifeboat answers, and leaves when they are back', async () => {
    const server = await startServer(TWO);
    await untilServing(server, 2);
    const visitors = visit(server, '/');
    const blocks: Promise<unknown>[] = [];
    // A block on each worker: the port gives connections to either, so it is asked until both are silent.
    await eventually(
      async () => {
        blocks.push(server.get('/block?ms=3000').catch(() => undefined));
        return (await server.fleet()).workers.every(({ up }) => !up);
      },
      (all) => all,
    );
    const rescued = await eventually(
      () => server.get('/'),
      ({ headers }) => headers['x-tahan-process'] === 'lifeboat',
    );
    expect(rescued.status).toBe(200);
    await Promise.all(blocks);
    await eventually(server.fleet, ({ lifeboat }) => !lifeboat.active, 30_000);
    await eventually(
      () => server.get('/who'),
      ({ status }) => status === 200,
    );
    expect(failed(await visitors.stop())).toEqual([]);
    // Busy is not dead: nobody was replaced.
    expect(await server.metrics()).not.toMatch(/tahan_worker_restarts_total\{/);
  });

  test('the lifeboat’s own death is survived', async () => {
    const server = await startServer(TWO);
    const before = (await server.fleet()).lifeboat.pid!;
    process.kill(before, 'SIGKILL');
    await eventually(server.fleet, ({ lifeboat }) => lifeboat.pid !== undefined && lifeboat.pid !== before);
    // New workers may be there before a visitor is.
    await eventually(
      async () => {
        for (const pid of servingPids(await server.fleet())) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
        return server.get('/');
      },
      ({ headers }) => headers['x-tahan-process'] === 'lifeboat',
    );
  });

  test('an uncaught exception ends its worker after the open requests', async () => {
    const server = await startServer(TWO);
    const fleet = await untilServing(server, 2);
    const slow = Array.from({ length: 6 }, () => server.get('/slow?ms=400'));
    await eventually(
      server.fleet,
      ({ workers }) => workers.reduce((sum, { beat }) => sum + (beat?.inFlight ?? 0), 0) >= 6,
    );
    await server.get('/crash');
    for (const { status } of await Promise.all(slow)) expect(status).toBe(200);
    const pids = servingPids(fleet);
    await eventually(
      server.fleet,
      (now) => servingPids(now).some((pid) => !pids.includes(pid)) && servingPids(now).length === 2,
      30_000,
    );
    // The second one is no news.
    expect(server.output().match(/this worker ends/g)).toHaveLength(1);
  });
});

describe('more work than there is time', () => {
  // The lifeboat stays ashore even where the machine of the test gives the worker no turn for a while.
  const ONE = {
    ...SITE,
    TAHAN_SITE: siteFile('busy'),
    TAHAN_WORKERS_MIN: '1',
    TAHAN_WORKERS_MAX: '1',
    TAHAN_SILENT_MS: '10000',
  };

  test('what does not fit is refused with a waiting page, and critical work goes before low', async () => {
    const server = await startServer(ONE);
    // The cost of a route is known after the first.
    for (let n = 0; n < 5; n++) await server.get('/low');
    const low = Array.from({ length: 100 }, () => server.get('/low'));
    const critical = Array.from({ length: 8 }, () => server.get('/critical'));
    const [lows, criticals] = [await Promise.all(low), await Promise.all(critical)];
    expect(criticals.map(({ status, headers }) => [status, headers['x-tahan-process']])).toEqual(
      criticals.map(() => [200, 'worker-1']),
    );
    const refused = lows.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(100);
    for (const { headers } of refused) {
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(5);
      expect(headers.connection).not.toBe('keep-alive, close');
    }
    const metrics = await eventually(server.metrics, (text) => text.includes('tahan_refused_total{priority="low"'));
    expect(metrics).not.toContain('tahan_refused_total{priority="critical"');
  });

  test('a dry run counts what it would refuse, and refuses nothing', async () => {
    const server = await startServer({ ...ONE, TAHAN_DRY_RUN: '1', TAHAN_DEADLINE_MS: '20000' });
    for (let n = 0; n < 5; n++) await server.get('/low');
    const answers = await Promise.all(Array.from({ length: 60 }, () => server.get('/low')));
    expect(answers.map(({ status, headers }) => [status, headers['x-tahan-process']])).toEqual(
      answers.map(() => [200, 'worker-1']),
    );
    await eventually(server.metrics, (text) =>
      /tahan_refused_total\{priority="low",reason="queue",dry_run="true"\} \d+/.test(text),
    );
  });

  test('a page that is stale is served from its last good copy while the worker is saturated', async () => {
    // So small a bound that any queued request closes the gate for the next.
    const server = await startServer({ ...ONE, TAHAN_GATE_LOW_MS: '1', TAHAN_GATE_BACKGROUND_MS: '1' });
    await server.get('/page');
    const load = visit(server, '/low', 4);
    const copies = await eventually(
      () => Promise.all(Array.from({ length: 20 }, () => server.get('/page'))),
      (answers) => answers.some(({ headers }) => headers['cache-status']?.includes('last-good') === true),
    );
    expect(copies.map(({ status }) => status)).toEqual(copies.map(() => 200));
    await load.stop();
  });
});

describe('the page store', () => {
  test('a restart begins warm', async () => {
    const first = await startServer(SITE);
    const page = await first.get('/page/warm');
    await eventually(
      () => existsSync(join(first.dataDir, 'pages.db')),
      (exists) => exists,
    );
    await first.get('/purge?tag=nothing'); // flushes the store
    const { dataDir } = first;
    first.process.kill('SIGTERM');
    await eventually(
      () => first.process.exitCode,
      (code) => code === 0,
    );
    const second = await startServer(SITE, { dataDir });
    expect((await second.get('/page/warm')).body).toBe(page.body);
    await second.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('a store that cannot grow costs no visitor anything, and is told in a few lines', async () => {
    // 512 KiB for each file: the store's log is full after some hundred pages.
    const server = await startServer(
      { ...SITE, TAHAN_GATE_LOW_MS: '5000', TAHAN_DEADLINE_MS: '10000' },
      { maxFileBlocks: 1_024 },
    );
    const statuses = new Map<number, number>();
    for (let round = 0; round < 2; round += 1) {
      for (let first = 0; first < 600; first += 20) {
        const paths = Array.from({ length: 20 }, (_, n) => `/page/${first + n}`);
        for (const { status } of await Promise.all(paths.map((path) => server.get(path))))
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        // Each purge waits until the store has written what it has: here it cannot.
        await server.get('/purge?tag=nothing');
      }
    }
    expect([...statuses]).toEqual([[200, 1_200]]);
    await logged(server, /page store/);
    expect(
      server
        .output()
        .split('\n')
        .filter((line) => line.includes('page store')).length,
    ).toBeLessThan(20);
    // What it gives is right, the main page and a purge among it.
    const before = await server.get('/page/599');
    await server.get('/purge?tag=page/page/599');
    expect((await server.get('/page/599')).body).not.toBe(before.body);
    expect((await server.get('/')).status).toBe(200);
  });

  test('a damaged store is put aside, told in one line, and service goes on', async () => {
    const first = await startServer(SITE);
    await first.get('/page/a');
    const { dataDir } = first;
    first.process.kill('SIGTERM');
    await eventually(
      () => first.process.exitCode,
      (code) => code === 0,
    );
    for (const rest of ['-wal', '-shm']) rmSync(join(dataDir, `pages.db${rest}`), { force: true });
    writeFileSync(join(dataDir, 'pages.db'), Buffer.alloc(20_000, 'rubbish '));
    const second = await startServer(SITE, { dataDir });
    expect((await second.get('/page/b')).status).toBe(200);
    await eventually(
      () => existsSync(join(dataDir, 'pages.db.corrupt')),
      (exists) => exists,
    );
    expect((await second.get('/')).status).toBe(200);
    expect(second.output()).toMatch(/page store/);
    await second.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
});
