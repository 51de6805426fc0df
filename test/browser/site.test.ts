import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import {
  eventually,
  NODE,
  servingPids,
  startServer,
  stopAll,
  type TestServer,
  untilServing,
} from '../cluster/server.ts';
import { launch, watch } from './chromium.ts';

const PASSWORD = 'a long sentence for the test';
const USER_SCRIPT = fileURLToPath(new URL('../../scripts/user.ts', import.meta.url));

let server: TestServer;
let browser: Browser;
let origin: string;

/** Runs `npm run user` as an operator would, the password from stdin. */
function makeEditor(name: string): Promise<number | null> {
  const child = spawn(NODE, [USER_SCRIPT, 'add', name, '--role', 'editor'], {
    env: { PATH: process.env.PATH ?? '', TAHAN_DATA_DIR: server.dataDir },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(`${PASSWORD}\n`);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

beforeAll(async () => {
  server = await startServer({ TAHAN_WORKERS_MIN: '2', TAHAN_WORKERS_MAX: '2', TAHAN_LAB: '1' });
  await untilServing(server, 2);
  origin = `http://127.0.0.1:${server.port}`;
  expect(await makeEditor('edith')).toBe(0);
  browser = await launch();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await stopAll();
}, 60_000);

/** A visit with a browser of its own; whatever the pages complained about fails the test. */
async function visiting(work: (page: Page, context: BrowserContext) => Promise<void>, options = {}): Promise<void> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = watch(page);
  await work(page, context);
  expect(complaints).toEqual([]);
  await context.close();
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.goto(`${origin}/login`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.locator('main').getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${origin}/dashboard`);
}

async function register(page: Page, name: string): Promise<void> {
  await page.goto(`${origin}/register`);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.locator('main').getByRole('button', { name: 'Join' }).click();
  await page.waitForURL((url) => url.pathname !== '/register');
}

describe('a visitor', () => {
  test('finds a home page with campaign, countdown and posts, in light and dark, wide and narrow', async () => {
    for (const options of [
      {},
      { colorScheme: 'dark' },
      { viewport: { width: 390, height: 800 } },
      { javaScriptEnabled: false },
    ]) {
      await visiting(async (page) => {
        await page.goto(origin);
        expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('A thousand trees before the frost');
        expect(await page.locator('main a[href^="/posts/"]').count()).toBeGreaterThan(4);
        if (!('javaScriptEnabled' in options)) {
          const width = await page.evaluate(() => [
            document.documentElement.scrollWidth,
            document.documentElement.clientWidth,
          ]);
          expect(width[0]).toBeLessThanOrEqual(width[1]!);
        }
      }, options);
    }
  });

  test('reaches the content by keyboard past the navigation', async () => {
    await visiting(async (page) => {
      await page.goto(origin);
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
      await page.keyboard.press('Enter');
      expect(await page.evaluate(() => location.hash)).toBe('#content');
    });
  });

  test('searches, and is told kindly of an address that is not there', async () => {
    await visiting(async (page) => {
      await page.goto(`${origin}/search?q=trees`);
      expect(await page.locator('main a[href^="/posts/"]').count()).toBeGreaterThan(0);
    });
    const context = await browser.newContext();
    const page = await context.newPage();
    const answer = await page.goto(`${origin}/no/such/page`);
    expect(answer?.status()).toBe(404);
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    await context.close();
  });
});

describe('the whole way', () => {
  test('register, like, dashboard, export, sign out', async () => {
    await visiting(async (page) => {
      await register(page, 'rosa');
      await page.goto(`${origin}/posts/a-thousand-trees-before-the-frost`);
      const like = page.locator('[data-like] button');
      await like.click();
      await page.locator('[data-like] button[aria-pressed="true"]').waitFor();
      await page.goto(`${origin}/dashboard`);
      expect(await page.locator('main svg').count()).toBeGreaterThan(0);
      const csv = await page.request.get(`${origin}/dashboard/activity.csv`);
      expect([csv.status(), csv.headers()['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
      await page.goto(`${origin}/account`);
      await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
      await page.waitForURL((url) => url.pathname !== '/account');
      await page.goto(`${origin}/dashboard`);
      expect(new URL(page.url()).pathname).toBe('/login');
    });
  });

  test('a member without JavaScript likes a post too', async () => {
    await visiting(
      async (page) => {
        await register(page, 'nojs');
        await page.goto(`${origin}/posts/a-thousand-trees-before-the-frost`);
        await page.locator('[data-like] button').click();
        await page.locator('[data-like] button[aria-pressed="true"]').waitFor();
      },
      { javaScriptEnabled: false },
    );
  });

  test('an editor publishes, and every worker shows the post at once; deletes it, and it is gone on each', async () => {
    await visiting(async (page) => {
      await signIn(page, 'edith');
      // Every worker has the pages cached when the post comes.
      await fromBoth('/');
      await fromBoth('/posts');
      await page.goto(`${origin}/editor/new`);
      await page.getByLabel('Title').fill('The bridge is open again');
      await page.getByLabel('Text').fill('Cross it **today**.');
      await page.getByRole('button', { name: 'Publish now' }).click();
      await page.waitForURL((url) => url.pathname !== '/editor/new');
      for (const path of ['/', '/posts']) {
        for (const body of await fromBoth(path)) expect(body).toContain('The bridge is open again');
      }
      await page.goto(`${origin}/posts/the-bridge-is-open-again`);
      expect(await page.locator('article strong').textContent()).toBe('today');
      await page.getByRole('link', { name: 'Edit', exact: true }).click();
      await page.getByText('Delete this post').click();
      await page.getByRole('button', { name: 'Delete it for good' }).click();
      await page.waitForURL((url) => !url.pathname.endsWith('/delete'));
      for (const body of await fromBoth('/')) expect(body).not.toContain('The bridge is open again');
      expect((await server.get('/posts/the-bridge-is-open-again')).status).toBe(404);
    });
  });
});

test('the waiting page of the lifeboat says kindly what it is', async () => {
  const [...pids] = servingPids(await server.fleet());
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await eventually(
    () => server.get('/login'),
    ({ status, headers }) => status === 503 && headers['x-tahan-process'] === 'lifeboat',
  );
  await untilServing(server, 2);
});

/** The page from each of the two workers. */
async function fromBoth(path: string): Promise<string[]> {
  const bodies = new Map<string, string>();
  await eventually(
    async () => {
      const { headers, body, status } = await server.get(path);
      if (status === 200) bodies.set(String(headers['x-tahan-process']), body);
      return bodies.size;
    },
    (size) => size === 2,
  );
  return [...bodies.values()];
}
