import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { closedLoop } from '../../../scripts/load/closed-loop.ts';
import { runLoad } from '../../../scripts/load/run-load.ts';
import { LOAD_STANDARD, LoadRefusedError, type LoadSpec } from '../../../scripts/load/spec.ts';
import { type ClassReport, OUTCOMES } from '../../../scripts/load/tally.ts';

let server: Server;
let seen: { url: string; socket: Socket; method: string; headers: IncomingHttpHeaders; body: string }[];

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    const url = request.url ?? '';
    const one = { url, socket: request.socket, method: request.method ?? '', headers: request.headers, body: '' };
    seen.push(one);
    request.setEncoding('utf8').on('data', (text) => {
      one.body += text;
    });
    response.setHeader('X-Who', `server-${seen.length % 2}`);
    if (url === '/reset') request.socket.destroy();
    else if (url === '/silent') return;
    else if (url === '/late') setTimeout(() => response.end('late'), 150);
    else if (url === '/close') response.setHeader('Connection', 'close').end('bye');
    else response.writeHead(Number(url.slice(1)) || 200).end('answer');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const spec = (over: Partial<LoadSpec>): LoadSpec => ({
  ...LOAD_STANDARD,
  port: (server.address() as AddressInfo).port,
  connections: 'new',
  phases: [{ seconds: 0.5, rate: 200 }],
  classes: [{ name: 'all', share: 1, path: '/200' }],
  ...over,
});

const settled = (report: ClassReport): number => OUTCOMES.reduce((sum, outcome) => sum + report[outcome], 0);

describe.each(['new', 'keep-alive'] as const)('a load with %s connections', (connections) => {
  test('accounts for every request, each by what became of it', async () => {
    const paths = {
      good: '/200',
      late: '/late',
      refused: '/503',
      failed: '/500',
      timedOut: '/silent',
      reset: '/reset',
    } as const;
    const classes = Object.entries(paths).map(([name, path]) => ({ name, share: 1, path }));
    const report = await runLoad(spec({ connections, classes, deadlineMs: 100, timeoutMs: 2_000 }));
    for (const [name, outcome] of Object.entries(report.classes)) {
      expect(outcome.offered).toBeGreaterThan(0);
      expect(settled(outcome)).toBe(outcome.offered);
      if (name !== 'good') expect(outcome[name as keyof typeof paths]).toBe(outcome.offered);
    }
    expect(report.classes.good!.good + report.classes.good!.late).toBe(report.classes.good!.offered);
  });
});

test('a load counts latency from the intended send, and knows answers that are late', async () => {
  const report = await runLoad(spec({ classes: [{ name: 'late', share: 1, path: '/late' }], deadlineMs: 100 }));
  expect(report.classes.late!.good).toBe(0);
  expect(report.classes.late!.accepted.p50Ms).toBeGreaterThanOrEqual(149);
});

test('new connections: one for each request; kept ones serve many', async () => {
  await runLoad(spec({ connections: 'new' }));
  expect(new Set(seen.map(({ socket }) => socket)).size).toBe(seen.length);
  const asked = seen.length;
  const report = await runLoad(spec({ connections: 'keep-alive' }));
  expect(report.generator.connectionsOpened).toBeLessThan(seen.length - asked);
});

test('a kept connection that the server closes is not used again', async () => {
  const report = await runLoad(
    spec({ connections: 'keep-alive', classes: [{ name: 'close', share: 1, path: '/close' }] }),
  );
  expect(report.classes.close!.reset).toBe(0);
  expect(report.generator.connectionsOpened).toBe(report.classes.close!.offered);
});

test('over the cap of requests in flight, requests are counted as unsent', async () => {
  const report = await runLoad(
    spec({ classes: [{ name: 'silent', share: 1, path: '/silent' }], maxInFlight: 5, timeoutMs: 1_000 }),
  );
  const { offered, unsent, timedOut } = report.classes.silent!;
  expect(timedOut).toBe(5);
  expect(unsent).toBe(offered - 5);
});

test('a refused connection is a reset, and ends the load as any other', async () => {
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const report = await runLoad({
    ...LOAD_STANDARD,
    port,
    connections: 'new',
    phases: [{ seconds: 0.2, rate: 100 }],
    classes: [{ name: 'all', share: 1, path: '/' }],
  });
  expect(report.classes.all!.offered).toBeGreaterThan(0);
  expect(report.classes.all!.reset).toBe(report.classes.all!.offered);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

test('warm-up requests are sent but not counted; watched headers and the series are', async () => {
  const report = await runLoad(
    spec({
      phases: [
        { seconds: 0.3, rate: 200, warmUp: true },
        { seconds: 0.3, rate: 200 },
      ],
      watch: ['x-who'],
      bucketMs: 100,
    }),
  );
  const { offered, watched, series } = report.classes.all!;
  expect(seen.length).toBeGreaterThan(offered);
  expect(Object.keys(watched).sort()).toEqual(['server-0', 'server-1']);
  expect(Object.values(watched).reduce((sum, { count }) => sum + count, 0)).toBe(offered);
  expect(series.slice(0, 3).every((bucket) => bucket.offered === 0)).toBe(true);
  expect(series.reduce((sum, bucket) => sum + bucket.offered, 0)).toBe(offered);
});

test.each([
  ['another machine', { host: '192.0.2.1' }],
  ['a name', { host: 'localhost' }],
  ['no end', { phases: [{ seconds: 1e9, rate: 1 }] }],
  ['a phase of an unknown class', { phases: [{ seconds: 1, rate: 1, only: ['nobody'] }] }],
  ['no bound of the rate', { phases: [{ seconds: 1, rate: Number.POSITIVE_INFINITY }] }],
])('a load on %s is refused before anything is sent', async (_name, over) => {
  await expect(runLoad(spec(over))).rejects.toThrow(LoadRefusedError);
  expect(seen).toHaveLength(0);
});

test('a class may post forms, in turn, and say which answer is good', async () => {
  const report = await runLoad(
    spec({
      connections: 'keep-alive',
      classes: [
        {
          name: 'form',
          share: 1,
          path: '/303',
          headers: { Cookie: 'a=1', Accept: 'text/x' },
          expect: 303,
          variants: [
            { headers: { 'X-Who': 'one' }, form: { name: 'ä&b' } },
            { headers: { 'X-Who': 'two' }, form: { name: '2' } },
          ],
        },
      ],
    }),
  );
  const { good, offered } = report.classes.form!;
  expect(good).toBeGreaterThan(2);
  expect(good).toBe(offered);
  const counts = { one: 0, two: 0 };
  for (const { method, headers, body } of seen) {
    expect(method).toBe('POST');
    expect(headers).toMatchObject({ cookie: 'a=1', accept: 'text/x' });
    const who = headers['x-who'] as 'one' | 'two';
    counts[who] += 1;
    expect(body).toBe(who === 'one' ? 'name=%C3%A4%26b' : 'name=2');
  }
  expect(Math.abs(counts.one - counts.two)).toBeLessThanOrEqual(1);
});

test('a class may have a deadline of its own', async () => {
  const classes = [
    { name: 'patient', share: 1, path: '/late', deadlineMs: 5_000 },
    { name: 'impatient', share: 1, path: '/late', deadlineMs: 100 },
  ];
  const { patient, impatient } = (await runLoad(spec({ classes, deadlineMs: 100, timeoutMs: 5_000 }))).classes;
  expect(patient!.good).toBe(patient!.offered);
  expect(impatient!.late).toBe(impatient!.offered);
});

describe('the closed loop', () => {
  const port = (): number => (server.address() as AddressInfo).port;

  test('keeps its connections busy for the time asked, and ends', async () => {
    const good = await closedLoop({ port: port(), path: '/200', seconds: 0.3, connections: 4 });
    expect(good.requestsPerSecond).toBeGreaterThan(0);
    expect(good.errors).toBe(0);
    expect(new Set(seen.map(({ socket }) => socket)).size).toBe(4);
    expect((await closedLoop({ port: port(), path: '/500', seconds: 0.1, connections: 1 })).errors).toBeGreaterThan(0);
  });

  test('never asks for a page twice, and says what became of each request', async () => {
    const { answers } = await closedLoop({ port: port(), path: '/x:n', seconds: 0.2, connections: 3 });
    expect(answers.good + answers.late).toBe(answers.offered);
    expect(new Set(seen.map(({ url }) => url)).size).toBe(answers.offered);
    const refused = await closedLoop({ port: port(), path: '/503', seconds: 0.1, connections: 3 });
    expect(refused.answers.refused).toBe(refused.answers.offered);
  });

  test('opens a connection for each request when asked to', async () => {
    const { answers } = await closedLoop({
      port: port(),
      path: '/200',
      seconds: 0.1,
      connections: 2,
      newConnections: true,
    });
    expect(new Set(seen.map(({ socket }) => socket)).size).toBe(answers.offered);
  });

  test('gives up on an answer that does not come, and ends', async () => {
    const { answers } = await closedLoop({
      port: port(),
      path: '/silent',
      seconds: 0.2,
      connections: 2,
      timeoutMs: 100,
    });
    expect(answers.timedOut).toBe(answers.offered);
  });

  test.each([
    { seconds: 1e9, connections: 1 },
    { seconds: 1, connections: 1e6 },
  ])('refuses %j before anything is sent', async (over) => {
    await expect(closedLoop({ port: port(), path: '/200', ...over })).rejects.toThrow(LoadRefusedError);
    expect(seen).toHaveLength(0);
  });
});

describe('visitors who come again', () => {
  const retry = { times: 3, afterMs: 20 };

  test('count once, by what became of them in the end, from when they first came', async () => {
    let left = 30;
    server.removeAllListeners('request');
    server.on('request', (_, response) => {
      left -= 1;
      response.writeHead(left > 0 ? 503 : 200).end('answer');
    });
    const { classes, generator } = await runLoad(
      spec({ phases: [{ seconds: 0.3, rate: 100 }], retry, deadlineMs: 20_000, timeoutMs: 20_000 }),
    );
    const all = classes.all!;
    expect(settled(all)).toBe(all.offered);
    expect(generator.cameAgain).toBeGreaterThan(0);
    expect(all.good + all.refused).toBe(all.offered);
    // Whoever was refused at first and served later has waited for it.
    expect(all.accepted.maxMs).toBeGreaterThan(10);
  });

  test('give up after as many tries', async () => {
    const { classes, generator } = await runLoad(
      spec({
        phases: [{ seconds: 0.2, rate: 50 }],
        classes: [{ name: 'all', share: 1, path: '/503' }],
        retry,
        timeoutMs: 20_000,
      }),
    );
    expect(classes.all!.refused).toBe(classes.all!.offered);
    expect(generator.cameAgain).toBe(3 * classes.all!.offered);
  });

  test.each([
    { times: 11, afterMs: 10 },
    { times: 1, afterMs: 0 },
  ])('%j is refused', async (wrong) => {
    await expect(runLoad(spec({ retry: wrong }))).rejects.toThrow(LoadRefusedError);
  });
});

describe('a host beyond loopback', () => {
  const beyond = { host: '192.0.2.1', phases: [{ seconds: 1, rate: 501 }] };

  test('is refused unless it is owned, by its very name', async () => {
    await expect(runLoad(spec({ ...beyond, phases: [{ seconds: 1, rate: 1 }] }))).rejects.toThrow('only 127.0.0.0/8');
    await expect(runLoad(spec({ ...beyond, ownHost: '192.0.2.2' }))).rejects.toThrow('only 127.0.0.0/8');
  });

  test('gets no more than 500 requests a second', async () => {
    await expect(runLoad(spec({ ...beyond, ownHost: '192.0.2.1' }))).rejects.toThrow('allowed are 0 to 500');
  });
});

test('last good copies are told apart from fresh pages', async () => {
  server.removeAllListeners('request');
  server.on('request', (_, response) => {
    response.setHeader('Cache-Status', 'tahan; hit; detail=last-good').end('old');
  });
  const { classes } = await runLoad(
    spec({ phases: [{ seconds: 0.2, rate: 50 }], deadlineMs: 20_000, timeoutMs: 20_000 }),
  );
  expect(classes.all!.lastGood).toBe(classes.all!.good);
  expect(classes.all!.series.reduce((sum, { lastGood }) => sum + lastGood, 0)).toBe(classes.all!.good);
});
