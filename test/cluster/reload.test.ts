import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  eventually,
  type FleetView,
  keepAlive,
  logged,
  lost,
  NODE,
  servingPids,
  startServer,
  stopAll,
  TEST_ENV,
  type TestServer,
  untilServing,
  visit,
} from './server.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/reload.ts', import.meta.url));

let folder: string;
let site: string;
let envFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-reload-'));
  site = join(folder, 'site.mjs');
  envFile = join(folder, 'settings.env');
  writeFileSync(envFile, 'TAHAN_SITE_NAME=Before\n');
});
afterEach(async () => {
  await stopAll();
  rmSync(folder, { recursive: true });
});
afterAll(stopAll);

/** A site of which each version says its name; `more` is run when it is loaded; `ends`: the first visitor is its end. */
const write = (version: string, { status = 200, more = '', ends = false } = {}): void =>
  writeFileSync(
    site,
    `${more}
export const createSite = ({ settings }) => ({
  handler(request, response) {
    if (${ends} && request.url !== '/') setTimeout(() => process.exit(3), 20);
    response.statusCode = request.url === '/' ? ${status} : 200;
    response.setHeader('content-type', 'text/html');
    response.end('${version} of ' + settings.siteName);
  },
  policies: [{ route: '/', cache: { ttlMs: 50 } }],
});
`,
  );

/** The gate is open wide: a test machine that is busy with other tests is no reason to refuse a visitor here. */
const start = (): Promise<TestServer> =>
  startServer({
    TAHAN_GATE_LOW_MS: '5000',
    TAHAN_DEADLINE_MS: '10000',
    TAHAN_SITE: site,
    TAHAN_ENV_FILE: envFile,
    TAHAN_WORKERS_MIN: '2',
    TAHAN_WORKERS_MAX: '2',
  });

/** Asks for a reload, and waits for the end of the one with this number. */
function reloaded(server: TestServer, number = 1): Promise<FleetView> {
  process.kill(server.process.pid!, 'SIGHUP');
  return eventually(
    server.fleet,
    ({ reload }) => reload !== undefined && reload.number >= number && reload.state !== 'running',
    60_000,
  );
}

describe('a reload', () => {
  test('gives every place to the new version and its settings, and loses no request', async () => {
    write('one');
    const server = await start();
    const old = servingPids(await untilServing(server, 2));
    const lifeboat = (await server.fleet()).lifeboat.pid;
    const agent = keepAlive(8);
    const visitors = [visit(server, '/version', 8), visit(server, '/', 8), visit(server, '/version', 8, { agent })];
    write('two');
    writeFileSync(envFile, 'TAHAN_SITE_NAME=After\nTAHAN_ADMIN_HOST=127.0.0.2\n');
    const fleet = await reloaded(server);
    expect(fleet.reload).toMatchObject({
      number: 1,
      state: 'done',
      reasons: ['TAHAN_ADMIN_HOST is now "127.0.0.2": that takes effect at the next start'],
    });
    const answers = (await Promise.all(visitors.map(({ stop }) => stop()))).flat();
    expect(lost(answers)).toEqual([]);
    expect(answers.length).toBeGreaterThan(50);
    for (const pid of servingPids(fleet)) expect(old).not.toContain(pid);
    expect((await server.get('/version')).body).toBe('two of After');
    expect(await eventually(server.fleet, (now) => now.lifeboat.pid !== lifeboat)).toBeDefined();
    await logged(server, /TAHAN_ADMIN_HOST is now/);
    expect(await server.metrics()).toContain('tahan_reloads_total{result="done"} 1');
  });

  test.each([
    ['crashes at its start', { more: "throw new Error('broken on purpose');" }, /broken on purpose/, 0],
    ['fails the self-test', { status: 500 }, /the main page \/ was answered with 500/, 0],
    // Whoever it answers in that moment is lost.
    ['ends itself while it serves', { ends: true }, /exit code 3/, 5],
  ])('into a version that %s is rolled back, and the old one serves on', async (_, version, reason, most) => {
    write('one');
    const server = await start();
    const before = servingPids(await untilServing(server, 2));
    // So few at a time that few are in the hands of a worker that ends, on a slow machine, too.
    const visitors = [visit(server, '/version', 25), visit(server, '/', 25)];
    write('two', version);
    const { reload } = await reloaded(server);
    expect(reload).toMatchObject({ state: 'rolled_back' });
    expect(reload?.reasons.join()).toMatch(reason);
    const answers = (await Promise.all(visitors.map(({ stop }) => stop()))).flat();
    expect(lost(answers).length).toBeLessThanOrEqual(most);
    // On a busy machine the first new worker may be proved before a visitor makes it end. Then an old one has left, and
    // the one that takes its place loads what is on the disk: which is put back, as who deploys would.
    if (most > 0) write('one');
    const after = servingPids(await untilServing(server, 2));
    if (most === 0) expect(after).toEqual(before);
    await eventually(
      () => Promise.all(Array.from({ length: 6 }, () => server.get('/version'))),
      (all) => all.every(({ body }) => body === 'one of Before'),
    );
    await logged(server, /reload rolled back, the old version serves on: /);
    // And it can be mended by the next one.
    write('three');
    expect((await reloaded(server, 2)).reload).toMatchObject({ number: 2, state: 'done' });
    expect((await server.get('/version')).body).toBe('three of Before');
  });

  test('with wrong settings is refused with a line for each, and nothing changes', async () => {
    write('one');
    const server = await start();
    const before = servingPids(await untilServing(server, 2));
    writeFileSync(envFile, 'TAHAN_STUCK_MS=soon\nTAHAN_NO_SUCH=1\n');
    const fleet = await reloaded(server);
    expect(fleet.reload).toMatchObject({ state: 'refused' });
    expect(fleet.reload?.reasons).toHaveLength(2);
    await logged(server, /reload refused, the old settings stay: TAHAN_STUCK_MS=\\"soon\\": must be/);
    expect(servingPids(fleet)).toEqual(before);
  });

  test('asked for three times runs twice: one is queued behind the one that runs', async () => {
    write('one');
    const server = await start();
    await untilServing(server, 2);
    process.kill(server.process.pid!, 'SIGHUP');
    await eventually(server.fleet, ({ reload }) => reload?.state === 'running');
    process.kill(server.process.pid!, 'SIGHUP');
    process.kill(server.process.pid!, 'SIGHUP');
    await reloaded(server, 2);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const { reload, workers } = await server.fleet();
    expect(reload).toMatchObject({ number: 2, state: 'done' });
    expect(workers.filter(({ state }) => state === 'serving')).toHaveLength(2);
  });

  test('more workers, when the settings say so; SIGUSR2 tells the state of the fleet', async () => {
    write('one');
    const server = await startServer({ TAHAN_SITE: site, TAHAN_ENV_FILE: envFile, TAHAN_WORKERS_MAX: '3' });
    await untilServing(server, 1);
    writeFileSync(envFile, 'TAHAN_WORKERS_MIN=2\n');
    await reloaded(server);
    await untilServing(server, 2);
    process.kill(server.process.pid!, 'SIGUSR2');
    await logged(server, /state of the fleet/);
  });
});

describe('npm run reload', () => {
  const run = (env: Record<string, string>, ...args: string[]): Promise<{ code: number | null; text: string }> =>
    new Promise((resolve) => {
      const child = spawn(NODE, [SCRIPT, ...args], { env: { ...TEST_ENV, ...env }, cwd: folder });
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (part: Buffer) => {
          text += part.toString();
        });
      child.once('exit', (code) => resolve({ code, text }));
    });

  test('tells how it went, by words and exit code', async () => {
    write('one');
    const server = await start();
    await untilServing(server, 2);
    const env = { TAHAN_ENV_FILE: envFile, TAHAN_ADMIN_PORT: String(server.adminPort) };
    const done = await run(env);
    expect([done.code, done.text]).toEqual([0, expect.stringMatching(/^reloaded in \d+\.\d s\n$/)]);
    write('two', { status: 503 });
    expect(await run(env)).toEqual({
      code: 1,
      text: 'reload: the reload was rolled back, the old version serves on:\n  the main page / was answered with 503\n',
    });
    writeFileSync(envFile, 'TAHAN_DRAIN_MS=1\n');
    const wrong = await run(env);
    expect(wrong.code).toBe(78);
    expect(wrong.text).toContain('nothing was done, the settings are wrong:\n  TAHAN_DRAIN_MS="1": must be');
    expect((await server.fleet()).reload).toMatchObject({ number: 2 });
  });

  test.each(['--help', '--now', 'now'])('with %s does not reload', async (argument) => {
    write('one');
    const server = await start();
    const { code, text } = await run({ TAHAN_ENV_FILE: envFile, TAHAN_ADMIN_PORT: String(server.adminPort) }, argument);
    expect(code).toBe(argument === '--help' ? 0 : 2);
    expect(text).toContain('Usage: npm run reload');
    expect((await server.fleet()).reload).toBeUndefined();
  });

  test('without a server says so', async () => {
    const { code, text } = await run({ TAHAN_ADMIN_PORT: '1' });
    expect(code).toBe(1);
    expect(text).toMatch(/^reload: no server on the admin port 127\.0\.0\.1:1 /);
  });
});
