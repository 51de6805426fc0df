import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Answer, eventually, startServer, stopAll, TAHAN, type TestServer } from '../cluster/server.ts';

// The same app as a project of its own, with a tahan.config that names its features.

let folder: string;
let server: TestServer;

beforeAll(async () => {
  folder = mkdtempSync(fileURLToPath(new URL('./files/project-', import.meta.url)));
  // One folder deeper than the original: the import of the engine is spelled anew.
  const text = readFileSync(new URL('./files/parts.mjs', import.meta.url), 'utf8').replace(
    '../../../src/',
    '../../../../src/',
  );
  writeFileSync(join(folder, 'app.mjs'), text);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'));
  writeFileSync(
    join(folder, 'tahan.config.mjs'),
    "export default { routes: [{ route: '/shop', feature: 'shop' }, { route: '/news', feature: 'news' }] };\n",
  );
  server = await startServer(
    { TAHAN_WORKERS_MAX: '1', LOG_LEVEL: 'warn' },
    { command: [TAHAN, join(folder, 'app.mjs')], cwd: folder },
  );
}, 90_000);
afterAll(async () => {
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
});

const all = async (path: string, times: number): Promise<Answer[]> => {
  const answers: Answer[] = [];
  for (let time = 0; time < times; time++) answers.push(await server.get(path));
  return answers;
};

test.each(['error', 'slow', 'hang'])(
  'a part and a feature of an Express app that %s leave the others good',
  async (kind) => {
    await server.get('/fault?shop=&counts=');
    // Whatever broke before is well again: its last good copy is at hand.
    await eventually(
      () => server.get('/'),
      ({ body }) => body.includes('42 members'),
    );
    await eventually(
      () => server.get('/shop'),
      ({ status }) => status === 200,
    );
    await server.get(`/fault?shop=${kind}&counts=${kind}`);
    const [shop, news, home] = await Promise.all([all('/shop', 8), all('/news', 30), all('/', 8)]);
    expect(new Set(news.map(({ status }) => status))).toEqual(new Set([200]));
    // The page is a 200 with the last good copy of its part.
    expect(home.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(home.every(({ body }) => body.includes('42 members'))).toBe(true);
    expect(home.some(({ body }) => body.includes('(stale)'))).toBe(true);
    expect(shop.every(({ status }) => status >= 500)).toBe(true);
    expect(shop.at(-1)!.status).toBe(503);
    expect(shop.at(-1)!.body).toContain('taking a break');
    await eventually(
      async () => JSON.parse((await server.get('/health')).body) as { features?: Record<string, string> },
      ({ features }) => features?.shop !== 'ok' && features?.news === 'ok',
    );
    const counted = /tahan_feature_calls_total\{feature="counts",outcome="(?:failed|timeout)"\} \d/;
    await eventually(server.metrics, (text) => counted.test(text));
  },
);
