import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { checkDatabase } from '../../src/engine/backup/copy.ts';
import { TrafficHistory } from '../../src/engine/monitor/traffic/traffic-history.ts';
import { databasePath, openReader } from '../../src/site/data/open.ts';
import { users } from '../../src/site/data/users.ts';
import { CHROME } from '../engine/traffic/fixtures/answer.ts';
import {
  type Answer,
  eventually,
  NODE,
  patiently,
  servingPids,
  spawnServer,
  startServer,
  stopAll,
  TEST_ENV,
  type TestServer,
} from './server.ts';

afterAll(stopAll);

const SITE = { TAHAN_MONITOR: '1', TAHAN_TRUSTED_PROXIES: '127.0.0.1', TAHAN_WORKERS_MAX: '1', TAHAN_SAMPLE: '0' };
const script = (name: string, args: string[], dataDir: string) => {
  const path = fileURLToPath(new URL(`../../scripts/${name}.ts`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(NODE, [path, ...args], {
    env: { ...TEST_ENV, TAHAN_DATA_DIR: dataDir },
    cwd: tmpdir(),
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
};

/** Registers a person from an address of her own. Undefined: the connection was cut. */
async function register(server: TestServer, name: string, address: string): Promise<Answer | undefined> {
  const headers = { Accept: 'text/html', 'X-Forwarded-For': address };
  try {
    const page = await patiently(() => server.get('/register', { headers }));
    const token = /name="_csrf" value="([^"]+)"/.exec(page.body)?.[1];
    if (token === undefined) return page;
    const form = {
      method: 'POST',
      headers: {
        ...headers,
        Cookie: (page.headers['set-cookie'] ?? []).map((line) => line.split(';', 1)[0]).join('; '),
        'Content-Type': 'application/x-www-form-urlencoded',
        'Sec-Fetch-Site': 'same-origin',
      },
      body: new URLSearchParams({
        _csrf: token,
        name,
        displayName: name,
        password: 'correct horse battery',
      }).toString(),
    };
    return await patiently(() => server.get('/register', form));
  } catch {
    return undefined;
  }
}

const namesIn = (dataDir: string): string[] => {
  const db = openReader(dataDir);
  try {
    return [...users(db)].map(({ name }) => name);
  } finally {
    db.close();
  }
};

test('an acknowledged write survives kill -9 of every process, and a backup made meanwhile is whole', async () => {
  const server = await startServer(SITE);
  const acknowledged: string[] = [];
  for (let person = 0; person < 8; person++) {
    const answer = await register(server, `person${person}`, `203.0.113.${person}`);
    if (answer?.status === 303) acknowledged.push(`person${person}`);
    if (person === 3) {
      expect(script('backup', [join(server.dataDir, 'copy.db')], server.dataDir).status).toBe(0);
      for (const pid of servingPids(await server.fleet())) process.kill(pid, 'SIGKILL');
      await eventually(
        () => server.get('/login'),
        ({ status }) => status === 200,
      );
    }
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(6);
  server.process.kill('SIGKILL');
  expect(namesIn(server.dataDir).sort()).toEqual(expect.arrayContaining(acknowledged));
  expect(checkDatabase(databasePath(server.dataDir))).toBeUndefined();
  expect(checkDatabase(join(server.dataDir, 'copy.db'))).toBeUndefined();
});

test('a damaged site.db stops the start with a line that says what to do, and a restore brings it back', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tahan-data-'));
  const first = await startServer(SITE, { dataDir });
  expect((await register(first, 'anna', '203.0.113.1'))?.status).toBe(303);
  const copy = join(dataDir, 'copy.db');
  expect(script('backup', [copy], dataDir).status).toBe(0);
  const refused = script('restore', [copy], dataDir);
  expect(refused).toMatchObject({ status: 1, said: expect.stringContaining('is in use by the server with pid') });
  await first.stop();
  const bytes = readFileSync(databasePath(dataDir));
  bytes.fill(0x5a, 8_192, 40_960);
  writeFileSync(databasePath(dataDir), bytes);
  const damaged = spawnServer({
    ...SITE,
    PORT: '0',
    TAHAN_ADMIN_PORT: '0',
    HOST: '127.0.0.1',
    TAHAN_DATA_DIR: dataDir,
  });
  expect(await damaged.exited).toBe(1);
  expect(damaged.output()).toMatch(/site\.db cannot be used \(.*\): restore a backup \(npm run restore -- FILE\)/);
  expect(script('restore', [copy], dataDir).status).toBe(0);
  const second = await startServer(SITE, { dataDir });
  expect((await second.get('/')).status).toBe(200);
  expect(namesIn(dataDir)).toContain('anna');
  await second.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

test('what visitors asked for is in traffic.db within seconds, and no address is', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tahan-data-'));
  const server = await startServer({ ...SITE, TAHAN_SAMPLE: '1' }, { dataDir });
  const headers = { 'User-Agent': CHROME, Referer: 'https://news.example/a', 'X-Forwarded-For': '203.0.113.77' };
  for (let times = 0; times < 5; times++) await server.get('/posts?utm_source=none', { headers });
  for (let times = 0; times < 3; times++) await server.get('/search?q=zebra+crossing', { headers });
  const db = new Database(join(dataDir, 'traffic.db'));
  try {
    const history = new TrafficHistory({ db, onProblem: (problem) => expect(problem).toBe('') });
    const report = await eventually(
      () => history.report({ fromMs: Date.now() - 600_000, toMs: Date.now() + 60_000 }),
      ({ requests }) => requests >= 8,
    );
    expect(report.paths.page).toContainEqual(expect.objectContaining({ name: '/posts', requests: 5 }));
    expect(report.networks[0]).toMatchObject({ name: '203.0.113.0/24', requests: 8 });
    expect(report.uniques.visitors).toBe(1);
    expect(report.campaigns[0]).toMatchObject({ name: 'none', requests: 5 });
    expect(report.emptySearches.map(({ name }) => name)).toEqual(['zebra crossing']);
  } finally {
    db.close();
  }
  await server.stop();
  for (const name of readdirSync(dataDir).filter((file) => file.startsWith('traffic.db')))
    expect(readFileSync(join(dataDir, name)).includes('203.0.113.77')).toBe(false);
  rmSync(dataDir, { recursive: true, force: true });
});

describe('a full disk', () => {
  /** A small disk of its own: only root can have one. */
  const disk = mkdtempSync(join(tmpdir(), 'tahan-disk-'));
  const isRoot = process.getuid?.() === 0;
  let mounted = false;
  beforeAll(() => {
    mounted = isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).status === 0;
  });
  afterAll(() => {
    if (mounted) spawnSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  test('keeps nobody from reading, tells those who send something, ends no process, and is over by itself', async () => {
    if (!mounted) {
      console.warn('not tested here: only root can mount a small disk');
      return;
    }
    const server = await startServer({ ...SITE, NODE_DISABLE_COMPILE_CACHE: '1' }, { dataDir: disk });
    expect((await register(server, 'anna', '203.0.113.1'))?.status).toBe(303);
    const full = spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=1k']);
    expect(full.status).toBe(1);
    const refused = await register(server, 'ben', '203.0.113.2');
    expect(refused?.status).toBe(507);
    expect(refused?.body).toContain('There is no room to save anything right now');
    for (const path of ['/', '/posts', '/users', '/login']) expect((await server.get(path)).status).toBe(200);
    // It comes with a worker's next beat.
    await eventually(
      async () => JSON.parse((await server.get('/health')).body) as { features: Record<string, string> },
      ({ features }) => features.disk === 'down',
    );
    await eventually(server.output, (output) => output.includes('the history has a gap until there is room'));
    expect(server.output()).not.toMatch(/monitor died/);
    rmSync(join(disk, 'filler'));
    expect((await register(server, 'carl', '203.0.113.3'))?.status).toBe(303);
    await server.stop();
    expect(namesIn(disk).sort()).toEqual(['anna', 'carl']);
  });
});
