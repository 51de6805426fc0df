import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, type FleetView, failed, NODE, request, servingPids } from '../cluster/server.ts';

// The package as npm would publish it, in an empty folder, with an app of five lines. Needs the network.

const ENGINE = fileURLToPath(new URL('../../src/engine/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tahan-package-'));
const env = { ...process.env, PATH: `${dirname(NODE)}${delimiter}${process.env.PATH}` };
const run = (file: string, args: string[], cwd: string): string =>
  execFileSync(file, args, { cwd, env, encoding: 'utf8', timeout: 300_000, stdio: ['ignore', 'pipe', 'pipe'] });

const APP = `const app = require('express')();
app.get('/', (request, response) => response.send('<h1>five lines</h1>'));
app.get('/ip', (request, response) => response.send(request.ip));
app.listen(3000);
`;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  run('npm', ['pack', '--pack-destination', folder], ENGINE);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  writeFileSync(join(folder, 'app.js'), APP);
  run('npm', ['install', '--no-audit', '--no-fund', `./${tarball}`, 'express@5'], folder);
}, 300_000);

// The runtime that this repository pins, and the long-term release before it, from npm.
test.each(['26', '24'])(
  'under Node.js %s tahan app.js serves an app of five lines, and goes on when its workers are killed',
  async (version) => {
    const home = mkdtempSync(join(folder, 'node-'));
    if (version !== '26') {
      writeFileSync(join(home, 'package.json'), '{"private":true}');
      run('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], home);
      env.PATH = `${join(home, 'node_modules/.bin')}${delimiter}${env.PATH}`;
    }
    expect(run('node', ['--version'], folder)).toMatch(`v${version}.`);
    const child = spawn('npx', ['tahan', 'app.js'], {
      cwd: folder,
      env: { ...env, PORT: '0', TAHAN_ADMIN_PORT: '0', HOST: '127.0.0.1', TAHAN_WORKERS_MAX: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part: Buffer) => {
        output = (output + part.toString()).slice(-100_000);
      });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    try {
      const [, port, adminPort] = (await eventually(
        () => /http:\/\/127\.0\.0\.1:(\d+)[\s\S]*?http:\/\/127\.0\.0\.1:(\d+)/.exec(output),
        (found) => found !== null,
        60_000,
      ))!;
      expect((await request(Number(port), '/')).body).toBe('<h1>five lines</h1>');
      expect((await request(Number(port), '/ip')).body).toMatch(/127\.0\.0\.1$/);
      const fleet = async (): Promise<FleetView> => JSON.parse((await request(Number(adminPort), '/fleet')).body);
      const killed = servingPids(await fleet());
      const visits: Promise<Awaited<ReturnType<typeof request>> | Error>[] = [];
      const timer = setInterval(() => visits.push(request(Number(port), '/').catch((error: Error) => error)), 25);
      for (const pid of killed) process.kill(pid, 'SIGKILL');
      await eventually(fleet, (view) => servingPids(view).some((pid) => !killed.includes(pid))).finally(() =>
        clearInterval(timer),
      );
      expect(failed(await Promise.all(visits))).toEqual([]);
      expect(run('npx', ['tahan', 'status'], folder)).toMatch(/workers +\d of \d wanted serve/);
      expect(run('npx', ['tahan', 'reload'], folder)).toContain('reloaded');
      expect(run('npx', ['tahan', 'stop'], folder)).toContain('stopped');
      await exited;
    } finally {
      child.kill('SIGTERM');
      await exited;
    }
  },
  600_000,
);

test('tahan stress starts the app once more, does its worst to it, and writes a report', () => {
  const words = ['tahan', 'stress', 'app.js', '--smoke', '--only', 'steady', '--json', 'stress.json'];
  try {
    run('npx', words, folder);
  } catch {
    // How good it is, is the machine's business.
  }
  const report = JSON.parse(readFileSync(join(folder, 'stress.json'), 'utf8'));
  expect(report.capacity.mixPerSecond).toBeGreaterThan(0);
  expect(report.scenarios).toMatchObject([{ name: 'steady', routes: [{ name: 'home' }] }]);
}, 300_000);

test('publint and arethetypeswrong find nothing in it', () => {
  const tarball = `./${readdirSync(folder).find((name) => name.endsWith('.tgz'))}`;
  expect(run('npx', ['--yes', 'publint@0.3.25', '--strict', tarball], folder)).toContain('All good!');
  // It ends with 1 where an import that there is to be does not resolve.
  run('npx', ['--yes', '@arethetypeswrong/cli@0.18.5', '--profile', 'esm-only', tarball], folder);
}, 300_000);

test('its parts for Next.js, Koa and the browser can be imported, on a server, too', () => {
  const code =
    "import { withTahan } from 'tahan/next'; import { tahan } from 'tahan/koa'; import { send } from 'tahan/client';" +
    'const { cacheHandler, cacheHandlers } = withTahan({});' +
    'const handlers = await Promise.all([cacheHandler, cacheHandlers.default].map((file) => import(file)));' +
    'console.log(typeof tahan(), typeof send, ...handlers.map((one) => typeof one.default));';
  expect(run('node', ['--input-type=module', '-e', code], folder).trim()).toBe('function function function object');
});

test('its types are found, and tell what a wrong tahan.config is', () => {
  writeFileSync(
    join(folder, 'right.mts'),
    "import { defineConfig, type Site } from 'tahan';\nexport default defineConfig({ routes: [{ route: '/a', cache: { ttlMs: 1 } }] });\nexport const site: Site = { handler: (_request, response) => response.end() };\n",
  );
  writeFileSync(
    join(folder, 'parts.mts'),
    `import { newKey, send } from 'tahan/client';
import { tahan, type TahanContext } from 'tahan/koa';
import { withTahan } from 'tahan/next';
const key: string = newKey();
export const sent: Promise<Response> = send('/posts', { key });
export const left = (context: TahanContext): number | undefined => context.tahan?.remainingMs();
export const middleware = tahan();
export const handler: string | undefined = withTahan({ reactStrictMode: true }).cacheHandler;
`,
  );
  writeFileSync(
    join(folder, 'wrong.mts'),
    "import { defineConfig } from 'tahan';\nexport default defineConfig({ routs: [] });\n",
  );
  const tsc = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));
  const check = (file: string): string => {
    try {
      return run(
        tsc,
        [
          '--noEmit',
          '--ignoreConfig',
          '--strict',
          '--target',
          'es2024',
          '--module',
          'nodenext',
          '--types',
          'node',
          file,
        ],
        folder,
      );
    } catch (error) {
      return String((error as { stdout?: unknown }).stdout);
    }
  };
  expect(check('right.mts')).toBe('');
  expect(check('parts.mts')).toBe('');
  expect(check('wrong.mts')).toContain("'routs' does not exist");
});
