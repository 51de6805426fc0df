import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, spawnServer, startServer, stopAll } from './server.ts';

let folder: string;
let site: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-site-'));
  site = join(folder, 'site.mjs');
});
afterEach(async () => {
  await stopAll();
  rmSync(folder, { recursive: true });
});
afterAll(stopAll);

const write = (text: string): void => writeFileSync(site, text);
const GOOD = `export const createSite = () => ({ handler: (request, response) => response.end('good') });`;

/** What the start of the site says on its way to its exit code. */
async function start(): Promise<{ code: number | null; lines: string[] }> {
  const { exited, output } = spawnServer({
    TAHAN_SITE: site,
    HOST: '127.0.0.1',
    PORT: '0',
    TAHAN_ADMIN_PORT: '0',
    TAHAN_DATA_DIR: join(folder, 'data'),
  });
  const code = await exited;
  return { code, lines: output().trim().split('\n') };
}

describe('what a site module says is checked as settings are', () => {
  test('one line for each mistake of what createSite returns, and exit code 78', async () => {
    write(`export const createSite = () => ({
      handler: undefined,
      policy: [],
      policies: [
        { route: '/', priority: 'urgent' },
        { route: '/news', cache: { ttl: 5 } },
        { route: '/:', deadline: 5 },
      ],
      tasks: new URL('./no-such-tasks.mjs', import.meta.url),
    });`);
    const { code, lines } = await start();
    expect(code).toBe(78);
    expect(lines).toEqual([
      expect.stringMatching(/^tahan: the site: handler must be a function \(request, response\), .*, not undefined$/),
      expect.stringMatching(/^tahan: the site: tasks must be the URL of a file that is there: .*no-such-tasks\.mjs"$/),
      expect.stringMatching(/^tahan: the site: policy is not known; known are handler, policies, /),
      expect.stringMatching(/^tahan: the site: route policy "\/": priority must be one of critical, .*, not "urgent"$/),
      expect.stringMatching(/^tahan: the site: route policy "\/news": cache\.ttlMs must be a number of ms/),
      expect.stringMatching(/^tahan: the site: route policy "\/news": cache\.ttl is not known; known are ttlMs, swrMs/),
      expect.stringMatching(/^tahan: the site: route policy "\/:": the template cannot be read: /),
      expect.stringMatching(/^tahan: the site: route policy "\/:": deadline is not known; known are route, methods, /),
    ]);
  });

  test.each([
    [
      'nothing that makes a site',
      'export const nothing = 1;',
      /the site: createSite must be an exported function createSite\(context\), not undefined/,
    ],
    [
      'a task module that is not there',
      `${GOOD} export const tasks = new URL('./none.mjs', import.meta.url);`,
      /the site: tasks must be the URL of a file that is there: .*none\.mjs"/,
    ],
    [
      'a listener instead of a site',
      'export const createSite = () => () => {};',
      /the site: createSite must return an object with a handler, not \(\) => \{\}/,
    ],
    [
      'an app that listens while its module is loaded',
      `import { createServer } from 'node:http'; createServer().listen(0, '127.0.0.1'); ${GOOD}`,
      /the site: it calls listen\(0\) itself; leave that out, and let createSite return the listener/,
    ],
    [
      'an app that listens in createSite',
      `import { createServer } from 'node:http';
      export const createSite = async () => {
        const handler = (request, response) => response.end();
        await new Promise((resolve) => createServer(handler).listen(0, '127.0.0.1', resolve));
        return { handler };
      };`,
      /the site: it calls listen\(0\) itself/,
    ],
  ])('%s', async (_name, text, sentence) => {
    write(text);
    const { code, lines } = await start();
    expect(code).toBe(78);
    expect(lines[0]).toMatch(sentence);
  });

  test('a reload to a module with mistakes is rolled back, and names them', async () => {
    write(GOOD);
    const server = await startServer({ TAHAN_SITE: site, TAHAN_WORKERS_MAX: '1' });
    write(`export const createSite = () => ({
      handler() {},
      policies: [{ route: '/', priority: 'urgent' }, { route: 'x' }],
    });`);
    process.kill(server.process.pid!, 'SIGHUP');
    const { reload } = await eventually(
      server.fleet,
      ({ reload }) => reload !== undefined && reload.state !== 'running',
      60_000,
    );
    expect(reload?.state).toBe('rolled_back');
    expect(reload?.reasons).toEqual([
      expect.stringContaining('the site: route policy "/": priority must be one of'),
      'the site: route policy "x" must start with /',
    ]);
    expect((await server.get('/')).body).toBe('good');
  });
});

test('createSite may wait for a task of the module that it exports', async () => {
  writeFileSync(join(folder, 'tasks.mjs'), 'export const double = (n) => n * 2;');
  write(`export const tasks = new URL('./tasks.mjs', import.meta.url);
  export async function createSite({ pool }) {
    const answer = await pool.run('double', 21);
    return { handler: (request, response) => response.end(String(answer)) };
  }`);
  const server = await startServer({ TAHAN_SITE: site });
  expect((await server.get('/')).body).toBe('42');
});
