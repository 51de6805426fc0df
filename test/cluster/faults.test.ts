import { spawn } from 'node:child_process';
import {
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  eventually,
  isAlive,
  logged,
  request,
  servingPids,
  siteFile,
  spawnServer,
  startServer,
  stopAll,
  type TestServer,
  untilServing,
} from './server.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BARE = { TAHAN_SITE: siteFile('bare'), TAHAN_WORKERS_MIN: '1', TAHAN_WORKERS_MAX: '1' };
const FREE = { PORT: '0', TAHAN_ADMIN_PORT: '0', HOST: '127.0.0.1' };

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tahan-faults-')));
});
afterEach(async () => {
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
});
afterAll(stopAll);

const home = (server: TestServer): Promise<number> =>
  server.get('/', { timeoutMs: 2_000 }).then(({ status }) => status);

describe('processes that cannot be started', () => {
  test('the binary is away while everyone dies: said with an alert, and all is back by itself when it is', async () => {
    const node = join(folder, 'node');
    copyFileSync(realpathSync(join(ROOT, 'node_modules/node/bin/node')), node, constants.COPYFILE_FICLONE);
    chmodSync(node, 0o755);
    const server = await startServer(BARE, { node });
    const { workers, lifeboat } = await untilServing(server, 1);
    renameSync(node, `${node}.away`);
    for (const pid of [lifeboat.pid!, ...workers.map(({ pid }) => pid)]) process.kill(pid, 'SIGKILL');
    await logged(server, /worker could not be started/);
    await logged(server, /alert: workers die one after the other/);
    await logged(server, /alert: the lifeboat does not stay alive/);
    expect((await server.fleet()).workers.filter(({ state }) => state === 'serving')).toEqual([]);
    expect(await server.metrics()).toMatch(/tahan_worker_restarts_total\{reason="not_started"\} [1-9]/);
    renameSync(`${node}.away`, node);
    await eventually(
      () => home(server),
      (status) => status === 200,
    );
    await untilServing(server, 1);
    expect(await server.stop()).toBe(0);
  });

  test('a stop while none can be started ends at once', async () => {
    const node = join(folder, 'node');
    copyFileSync(realpathSync(join(ROOT, 'node_modules/node/bin/node')), node, constants.COPYFILE_FICLONE);
    chmodSync(node, 0o755);
    const server = await startServer({ ...BARE, TAHAN_DRAIN_MS: '300000' }, { node });
    const [pid] = servingPids(await untilServing(server, 1));
    rmSync(node);
    process.kill(pid!, 'SIGKILL');
    await logged(server, /worker could not be started/);
    expect(await server.stop()).toBe(0);
  });
});

test('after a spree of kills the site is back within seconds', async () => {
  const server = await startServer(BARE);
  await untilServing(server, 1);
  for (let round = 0; round < 30; round++) {
    for (const { pid } of (await server.fleet()).workers) if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  // What the next fork waits for is at most 2 s, by the server's own word.
  const pauses = [...server.output().matchAll(/"nextInMs":(\d+)/g)].map(([, ms]) => Number(ms));
  // How many deaths fit into the spree depends on how fast a worker starts; from the third on a back-off would be seen.
  expect(pauses.length).toBeGreaterThan(2);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(2_000);
  await untilServing(server, 1);
});

test('a site that is over the hard memory limit from its start is not ended in a loop without a pause', async () => {
  writeFileSync(
    join(folder, 'big.mjs'),
    `const kept = Buffer.alloc(400 * 2 ** 20, 1);
export const createSite = () => ({ handler: (request, response) => response.end(String(kept.length)), policies: [] });
`,
  );
  // It may be ended before it ever serves: the port and the alert are asked for by the log, not by an answer.
  const server = spawnServer({
    ...BARE,
    ...FREE,
    TAHAN_SITE: join(folder, 'big.mjs'),
    TAHAN_RSS_HARD_MB: '300',
    TAHAN_DATA_DIR: join(folder, 'data'),
  });
  try {
    await eventually(
      server.output,
      (output) =>
        /over the hard limit of 300 MiB/.test(output) && /alert: workers die one after the other/.test(output),
      60_000,
    );
    const pauses = [...server.output().matchAll(/"nextInMs":(\d+)/g)].map(([, ms]) => Number(ms));
    expect(Math.max(...pauses)).toBeGreaterThan(0);
  } finally {
    server.process.kill('SIGTERM');
    expect(await server.exited).toBe(0);
  }
});

describe('a reload', () => {
  const site = (): string => join(folder, 'site.mjs');
  const write = (prepare: string): void =>
    writeFileSync(
      site(),
      `export const prepareSite = async () => { ${prepare} };
export const createSite = () => ({ handler: (request, response) => response.end('here'), policies: [] });
`,
    );
  const reloaded = async (server: TestServer) => {
    process.kill(server.process.pid!, 'SIGHUP');
    return (await eventually(server.fleet, ({ reload }) => reload !== undefined && reload.state !== 'running', 60_000))
      .reload!;
  };

  test('whose prepareSite hangs is rolled back after TAHAN_PREPARE_MS, and the next one works', async () => {
    write('');
    const server = await startServer({ ...BARE, TAHAN_SITE: site(), TAHAN_PREPARE_MS: '3000' });
    write('setInterval(() => {}, 1_000); await new Promise(() => {});');
    expect(await reloaded(server)).toMatchObject({
      state: 'rolled_back',
      reasons: ['the site was not prepared within 3000 ms: prepareSite was ended'],
    });
    write('');
    process.kill(server.process.pid!, 'SIGHUP');
    await eventually(server.fleet, ({ reload }) => reload?.number === 2 && reload.state === 'done');
  });

  test('of a start folder that a link leads to serves what it leads to now; back again, too', async () => {
    const current = join(folder, 'current');
    const lead = (name: string): void => {
      rmSync(current, { force: true });
      symlinkSync(join(folder, name), current);
    };
    for (const name of ['a', 'b', 'broken']) {
      mkdirSync(join(folder, name));
      writeFileSync(
        join(folder, name, 'site.mjs'),
        `export const createSite = ({ settings }) => { if (${name === 'broken'}) throw new Error('no'); return {
  handler: (request, response) => response.end('release ${name} of ' + settings.siteName), policies: [] } };`,
      );
      writeFileSync(
        join(folder, name, '.env'),
        `TAHAN_SITE_NAME=${name}\nTAHAN_DATA_DIR=${join(folder, 'data')}\nPORT=1\n`,
      );
    }
    lead('a');
    const server = await startServer(
      { ...BARE, TAHAN_SITE: './site.mjs', PWD: current },
      { cwd: current, dataDir: join(folder, 'data') },
    );
    const body = async (): Promise<string> => (await server.get('/')).body;
    expect(await body()).toBe('release a of a');
    lead('b');
    expect(await reloaded(server)).toMatchObject({
      state: 'done',
      reasons: ['PORT: the environment of the server has another value than the settings file, and wins'],
    });
    expect(await body()).toBe('release b of b');
    lead('broken');
    process.kill(server.process.pid!, 'SIGHUP');
    const { reload } = await eventually(
      server.fleet,
      (fleet) => fleet.reload?.number === 2 && fleet.reload.state !== 'running',
    );
    expect(reload).toMatchObject({ state: 'rolled_back' });
    expect(await body()).toBe('release b of b');
    rmSync(current);
    process.kill(server.process.pid!, 'SIGHUP');
    const third = await eventually(
      server.fleet,
      (fleet) => fleet.reload?.number === 3 && fleet.reload.state !== 'running',
    );
    expect(third.reload).toMatchObject({
      state: 'refused',
      reasons: [`the start folder ${current} is not there any more`],
    });
    // The one that dies meanwhile comes back from the release that serves.
    const [pid] = servingPids(await server.fleet());
    process.kill(pid!, 'SIGKILL');
    await eventually(server.fleet, (fleet) => servingPids(fleet).length === 1 && servingPids(fleet)[0] !== pid);
    await eventually(body, (text) => text === 'release b of b');
  });
});

describe('a start', () => {
  test('on the data folder of another server is refused with one line, and the other one serves on', async () => {
    const server = await startServer(BARE);
    const second = spawnServer({ ...BARE, ...FREE, TAHAN_DATA_DIR: server.dataDir });
    expect(await second.exited).toBe(1);
    expect(second.output().trim()).toBe(
      `tahan: the data folder ${server.dataDir} is in use by the server with pid ${server.process.pid}; stop that one, or set TAHAN_DATA_DIR to another folder`,
    );
    expect(await home(server)).toBe(200);
    server.process.kill('SIGKILL');
    await eventually(
      () => isAlive(server.process.pid!),
      (alive) => !alive,
    );
    const third = await startServer(BARE, { dataDir: server.dataDir });
    expect(await home(third)).toBe(200);
  });

  test('serves whoever comes once it says that it does: no form is lost to the lifeboat', async () => {
    for (let round = 0; round < 3; round++) {
      const server = await startServer({ ...BARE, TAHAN_LAB: '1', TAHAN_WORKERS_MAX: '2' });
      const answers = await Promise.all(
        Array.from({ length: 40 }, () =>
          request(server.port, '/echo', {
            method: 'POST',
            body: 'name=x',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
          }),
        ),
      );
      expect(answers.map(({ headers }) => headers['x-tahan-process'])).toEqual(answers.map(() => 'worker-1'));
      const health = JSON.parse((await server.get('/health')).body) as {
        status: string;
        lifeboat: { active: boolean };
      };
      if (health.lifeboat.active) expect(health.status).not.toBe('ok');
      await server.stop();
    }
  });

  test('by npm ends with npm: its signal reaches the server', async () => {
    const child = spawn('npm', ['start', '--silent'], {
      cwd: ROOT,
      env: { ...process.env, ...BARE, ...FREE, TAHAN_DATA_DIR: join(folder, 'data') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const [, admin] = await eventually(
      () => /admin http:\/\/[^ ]+:(\d+)/.exec(output),
      (found): found is RegExpExecArray => found !== null,
      60_000,
    ).then((found) => found!);
    const { pid } = JSON.parse((await request(Number(admin), '/fleet')).body) as { pid: number };
    child.kill('SIGTERM');
    await eventually(
      () => isAlive(pid),
      (alive) => !alive,
    );
  });
});
