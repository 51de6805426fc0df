import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { eventually, startServer, stopAll, type TestServer } from '../cluster/server.ts';
import { launch } from './chromium.ts';
import { PASSWORD } from './place.ts';

let browser: Browser;
let dataDir: string;
let port: number;

beforeAll(async () => {
  browser = await launch();
  dataDir = mkdtempSync(join(tmpdir(), 'tahan-offline-'));
  // A service worker belongs to an origin: the server comes back at the same one.
  const free = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => free.once('listening', resolve));
  port = (free.address() as AddressInfo).port;
  await new Promise((resolve) => free.close(resolve));
}, 60_000);
afterEach(stopAll, 60_000);
afterAll(async () => {
  await browser?.close();
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

const start = (env: Record<string, string> = {}): Promise<TestServer> =>
  startServer({ PORT: String(port), TAHAN_WORKERS_MAX: '1', ...env }, { dataDir });

/** Waits until the page's service worker is at work. */
const untilActive = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller === null)
      await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
  });
const registrations = (page: Page): Promise<number> =>
  page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);
const caches = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const found: string[] = [];
    for (const name of await globalThis.caches.keys())
      for (const { url } of await (await globalThis.caches.open(name)).keys()) found.push(new URL(url).pathname);
    return found;
  });

test('with the server stopped, pages that were seen show with a banner; switched off, all of it is gone', async () => {
  const context = await browser.newContext({ baseURL: `http://127.0.0.1:${port}` });
  const page = await context.newPage();
  const first = await start();
  await page.goto('/');
  await untilActive(page);
  await page.goto('/posts');
  await page.goto('/register');
  await page.getByLabel('Name', { exact: true }).fill('offline');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('main').getByRole('button', { name: 'Join' }).click();
  await page.waitForURL('/dashboard');
  await page.goto('/account');
  const kept = await caches(page);
  expect(kept).toEqual(expect.arrayContaining(['/', '/posts', '/tahan/offline.css']));
  // Never a page of a member, nor a form.
  expect(kept.filter((path) => ['/dashboard', '/account', '/register'].includes(path))).toEqual([]);
  await first.stop();

  await page.goto('/');
  const banner = page.getByText(/^This is how it looked at .*; the server cannot be reached\.$/);
  await banner.waitFor();
  expect(await page.getByRole('heading', { name: 'Newest posts' }).isVisible()).toBe(true);
  // The page has its styles, and the banner its own.
  expect(await banner.evaluate((element) => getComputedStyle(element).backgroundColor)).toBe('rgb(122, 74, 0)');
  expect(await page.evaluate(() => document.styleSheets.length)).toBeGreaterThan(1);
  if (process.env.TAHAN_TEST_SHOTS) await page.screenshot({ path: join(process.env.TAHAN_TEST_SHOTS, 'offline.png') });
  await page.goto('/posts');
  await banner.waitFor();
  await page.goto('/dashboard');
  await page.getByRole('heading', { name: 'The server cannot be reached' }).waitFor();

  const second = await start({ TAHAN_OFFLINE: '0' });
  await page.goto('/');
  await eventually(
    async () => [await registrations(page), await caches(page)],
    ([left, kept]) => left === 0 && (kept as string[]).length === 0,
    20_000,
  );
  // Nor does it come back with the next page.
  await page.goto('/posts');
  expect(await registrations(page)).toBe(0);
  await second.stop();
  await context.close();
});

test('the lifeboat has the switch, too', async () => {
  const server = await start({ TAHAN_OFFLINE: '0' });
  const { workers } = await server.fleet();
  for (const { pid } of workers) process.kill(pid, 'SIGKILL');
  const { status, body, headers } = await server.get('/tahan/sw.js');
  expect([status, headers['service-worker-allowed']]).toEqual([200, '/']);
  expect(body).toMatch(/STATE = 'off'/);
  await server.stop();
});
