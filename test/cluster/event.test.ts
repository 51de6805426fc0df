import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { runEventCommand } from '../../src/engine/events/command.ts';
import { eventually, siteFile, startServer, stopAll } from './server.ts';

afterEach(stopAll, 60_000);

test('an event from end to end: prepared, gathered, held steady, and all as before', async () => {
  const server = await startServer({
    TAHAN_ROOM: 'auto',
    TAHAN_SITE: siteFile('slow-page'),
    TAHAN_WORKERS_MIN: '1',
    TAHAN_WORKERS_MAX: '2',
  });
  expect((await server.fleet()).workers.filter(({ state }) => state === 'serving')).toHaveLength(1);
  const at = new Date(Date.now() + 9_000).toISOString().slice(0, 19);
  // Added while the server runs, which notices by itself.
  runEventCommand(
    ['add', '--name', 'Launch', '--at', `${at}Z`, '--for', '8s', '--prequeue', '6s', '--page', '/drop'],
    server.dataDir,
    Date.now(),
  );
  // Workers are there before anybody comes.
  await eventually(server.fleet, ({ scaler }) => scaler.target === 2, 20_000);
  // Whoever is early gathers; other pages are open.
  const held = await eventually(
    () => server.get('/drop'),
    ({ status }) => status === 503,
    20_000,
  );
  expect(held.body).toContain('It begins soon');
  expect(String(held.headers['set-cookie'])).toContain('tahan_ticket=');
  expect((await server.get('/other')).status).toBe(200);
  // A reload waits for the end.
  process.kill(server.process.pid!, 'SIGHUP');
  const { reload } = await eventually(server.fleet, (fleet) => fleet.reload?.state === 'refused', 10_000);
  expect(reload?.reasons[0]).toContain('"Launch" goes on; reload --force');
  // It starts: the page opens.
  await eventually(
    () => server.get('/drop'),
    ({ status }) => status === 200,
    30_000,
  );
  // It ends: a report, and reloads again.
  const report = await eventually(
    async () => {
      const name = readdirSync(server.dataDir).find((file) => /^event-\w+\.json$/.test(file));
      const path = join(server.dataDir, name ?? 'none');
      return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : {};
    },
    ({ endedAt }) => typeof endedAt === 'number',
    40_000,
  );
  expect(report).toMatchObject({ name: 'Launch', mostWorkers: 2 });
  expect(report.arrived).toBeGreaterThan(2);
  await eventually(
    () => Promise.resolve(server.output()),
    (text) => text.includes('Launch\\" is over'),
    10_000,
  );
}, 120_000);
