import { afterEach, describe, expect, test } from '@jest/globals';
import type { SiteJob } from '../../../src/engine/admission/job.ts';
import { MAX_FLIGHTS } from '../../../src/engine/pages/flights.ts';
import type { Priority } from '../../../src/engine/site.ts';
import { type Listener, startWorker, type TestWorker, until, type WorkerOptions } from '../request/fixtures/worker.ts';
import { FakeVisitor } from './fixtures/visitor.ts';

let worker: TestWorker | undefined;
afterEach(() => worker?.close());

async function start(
  handler: Listener,
  more: Omit<WorkerOptions, 'site'> = {},
): Promise<{ server: TestWorker; refused: string[] }> {
  worker = await startWorker({
    site: { handler, policies: [{ route: '/*', cache: { ttlMs: 60_000, query: ['q'] } }] },
    ...more,
  });
  const refused: string[] = [];
  const { recorder } = worker;
  const count = recorder.count.bind(recorder);
  recorder.count = (name, labels, amount) => {
    if (name === 'tahan_refused_total') refused.push(labels.join(' '));
    count(name, labels, amount);
  };
  return { server: worker, refused };
}

const job = (server: TestWorker, priority: Priority, costMs: number, run = () => {}): SiteJob => ({
  priority,
  costMs,
  queuedAt: performance.now(),
  deadlineAt: Number.POSITIVE_INFINITY,
  boundMs: 0,
  work: server.works.at(-1)!,
  run() {
    run();
    return Promise.resolve('done');
  },
  refuse() {},
});

/** Fills the lines of some priorities with more than may wait there. */
async function close(server: TestWorker, ...priorities: Priority[]): Promise<void> {
  // The dispatcher looks at the queue again within so many turns of the loop.
  for (let turn = 0; turn < 70; turn++) await new Promise((resolve) => setImmediate(resolve));
  for (const priority of priorities) server.dispatcher.queue.push(job(server, priority, 10_000));
}

describe('the render of a page that finds no room', () => {
  test.each<[Priority[], number]>([
    [['low'], 3],
    [['low', 'normal'], 8],
  ])('with the lines of %j full begins with the visitor who is one too many: number %i', async (lines, enough) => {
    const { server, refused } = await start((_request, response) => response.end('page'));
    await close(server, ...lines);
    const statuses: number[] = [];
    for (let visitor = 1; visitor <= enough; visitor++) statuses.push((await server.get('/a')).status);
    expect(statuses).toEqual([...Array.from({ length: enough - 1 }, () => 503), 200]);
    expect(refused).toEqual(Array.from({ length: enough - 1 }, () => 'low renders false'));
    // Another page has its own visitors.
    await close(server, ...lines);
    expect((await server.get('/b')).status).toBe(503);
  });

  test('counts each of its visitors, and is no way past a gate that is closed to all', async () => {
    const { server, refused } = await start((_request, response) => response.end('page'));
    await close(server, 'critical', 'normal', 'low', 'background');
    for (let visitor = 0; visitor < 20; visitor++) expect((await server.get('/a')).status).toBe(503);
    expect(refused).toHaveLength(20);
    expect(server.renders).toEqual([]);
  });
});

describe('a render that waits in the queue', () => {
  const PLENTY = 200;

  /** Renders a page as one of background priority behind many other jobs; gives how many of these were run before it. */
  async function jobsBefore(visitors: number, priority: Priority, line: Priority): Promise<number> {
    let run = 0;
    let runBefore = -1;
    const { server } = await start((_request, response) => {
      runBefore = run;
      response.end('page');
    });
    const route = server.routes.match('GET', '/a');
    for (let n = 0; n < PLENTY; n++) {
      server.dispatcher.queue.push(
        job(server, line, 0.001, () => {
          run += 1;
        }),
      );
    }
    server.pages.refresh('\n\n/a', route, 'refresh', line);
    const waiting = Array.from({ length: visitors }, () => new FakeVisitor(Number.POSITIVE_INFINITY, priority));
    for (const visitor of waiting)
      server.pages.answer(visitor, { key: '\n\n/a', route, copy: undefined, freshness: 'dead' });
    await until(() => runBefore !== -1 && run === PLENTY);
    expect(waiting.map(({ got }) => got)).toEqual(waiting.map(() => ['miss']));
    return runBefore;
  }

  test.each<[string, number, Priority, Priority]>([
    ['of a more important visitor', 1, 'low', 'background'],
    ['of three visitors', 3, 'low', 'low'],
    ['of eight visitors', 8, 'low', 'normal'],
  ])('moves up to the priority %s', async (_name, visitors, priority, line) => {
    expect(await jobsBefore(visitors, priority, line)).toBeLessThan(PLENTY / 2);
  });

  test.each<[string, number, Priority, Priority]>([
    ['nobody', 0, 'low', 'background'],
    ['two visitors', 2, 'low', 'low'],
    ['seven visitors', 7, 'low', 'normal'],
    ['a less important visitor', 1, 'background', 'low'],
  ])('stays where it is for %s', async (_name, visitors, priority, line) => {
    expect(await jobsBefore(visitors, priority, line)).toBe(PLENTY);
  });
});

test('so many pages are rendered at once; whoever asks for one more is refused and counted', async () => {
  // All of them wait for the lease.
  const leases = { needed: true, ask: () => new Promise<boolean>(() => {}), release: () => {} };
  const { server, refused } = await start((_request, response) => response.end('page'), { leases });
  const route = server.routes.match('GET', '/a');
  const ask = (path: string): FakeVisitor => {
    const visitor = new FakeVisitor();
    server.pages.answer(visitor, { key: `\n\n${path}`, route, copy: undefined, freshness: 'dead' });
    return visitor;
  };
  for (let n = 0; n < MAX_FLIGHTS; n++) expect(ask(`/${n}`).got).toEqual([]);
  expect(ask('/one-more').got).toEqual(['refused']);
  expect(refused).toEqual(['low renders false']);
  // Who asks for one that is under way may wait for it.
  expect(ask('/0').got).toEqual([]);
});

test('whoever waits for a render that fails is counted', async () => {
  const { server, refused } = await start((_request, response) => response.destroy());
  expect((await server.get('/a')).status).toBe(503);
  expect(refused).toEqual(['low renders false']);
});
