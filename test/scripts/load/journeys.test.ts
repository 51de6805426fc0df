import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { runJourneys } from '../../../scripts/load/journeys.ts';
import { JourneyError, loadJourney } from '../../../scripts/load/load-journey.ts';

let server: Server;
let seen: Pick<IncomingMessage, 'url' | 'headers' | 'method'>[];
let folder: string;

beforeEach(async () => {
  seen = [];
  folder = mkdtempSync(join(tmpdir(), 'tahan-journeys-'));
  let visits = 0;
  server = createServer((request, response) => {
    seen.push(request);
    if (request.headers.cookie === undefined || request.headers.cookie === '') {
      visits += 1;
      response.setHeader('Set-Cookie', `id=${visits}; Path=/`);
    }
    response.writeHead(request.method === 'POST' ? 303 : 200).end('page');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  rmSync(folder, { recursive: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function journeyOf(body: string): string {
  const file = join(folder, `${Math.random()}.mjs`);
  writeFileSync(file, body);
  return file;
}

const run = (file: string) =>
  runJourneys({
    port: (server.address() as AddressInfo).port,
    seed: 1,
    phases: [{ seconds: 0.5, rate: 20 }],
    file,
    accounts: { count: 1, editors: 1, password: 'x' },
    deadlineMs: 30_000,
    timeoutMs: 30_000,
    thinkMs: 1,
    maxSendLagMs: 1_000,
  });

test('each visitor keeps cookies of his own, shared ones by name, and none where nobody is known', async () => {
  const file = journeyOf(`export default async ({ ask, check }) => {
    await ask('first', { path: '/first' });
    await ask('second', { path: '/second' });
    await ask('form', { path: '/form', form: { a: '1' } });
    await ask('anybody', { path: '/anybody', anonymous: true });
    check('all well', true);
  };`);
  const report = await run(file);
  const cookies = (path: string): (string | undefined)[] =>
    seen.filter(({ url }) => url === path).map(({ headers }) => headers.cookie);
  expect(report.visitors).toBeGreaterThan(2);
  expect(report.content).toBe(report.visitors);
  expect(report.steps.form?.good).toBe(report.visitors);
  expect(report.checks['all well']).toEqual({ passed: report.visitors, total: report.visitors });
  expect(new Set(cookies('/second')).size).toBe(report.visitors);
  expect(cookies('/second').every((cookie) => /^id=\d+$/.test(cookie ?? ''))).toBe(true);
  expect(cookies('/anybody').every((cookie) => cookie === undefined)).toBe(true);
});

test('a person whom several visits share has one set of cookies', async () => {
  const file = journeyOf(
    `export default async ({ ask, number }) => { if (number > 1) await ask('as', { path: '/as', as: 'anna' }); };`,
  );
  await run(file);
  const known = seen.map(({ headers }) => headers.cookie).filter((cookie) => cookie !== '');
  expect(known.length).toBeGreaterThan(1);
  expect(new Set(known).size).toBe(1);
});

test('a journey that throws is a failed check, and ends nothing', async () => {
  const report = await run(journeyOf(`export default async () => { throw new Error('on purpose'); };`));
  expect(report.content).toBe(0);
  expect(report.checks['the journey ran without an error']).toEqual({ passed: 0, total: report.visitors });
});

test('the names of steps are bounded', async () => {
  const file = journeyOf(`let n = 0; export default async ({ ask }) => {
    for (let step = 0; step < 20; step += 1) await ask('step ' + n++, { path: '/' });
  };`);
  const report = await run(file);
  expect(Object.keys(report.steps).length).toBeLessThanOrEqual(64);
  expect(report.steps.others?.offered).toBeGreaterThan(1);
});

test('a file without a journey is said', async () => {
  await expect(loadJourney(journeyOf('export const a = 1;'))).rejects.toThrow(JourneyError);
});
