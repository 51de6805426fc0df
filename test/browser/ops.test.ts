import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { ShownRequest } from '../../src/engine/monitor/ops/source.ts';
import { takeProfile } from '../../src/engine/worker/profile.ts';
import { eventually } from '../cluster/server.ts';
import { type Fixture, fixture, sampleAt, TOKEN } from '../engine/monitor/ops/fixture.ts';
import { LOOKS, ONE_LOOK, violations as violationsOf } from './axe.ts';
import { launch, watch } from './chromium.ts';

const refusal: ShownRequest = {
  at: Date.now(),
  worker: 'worker-2',
  method: 'POST',
  path: '/login',
  query: 'next=…',
  route: '/login',
  member: false,
  status: 503,
  outcome: 'refused',
  tookMs: 1.4,
  why: '3.1 s of work ahead, deadline 2.0 s',
  steps: [
    ['arrival', 0, 0, 'no bytes at hand would answer it'],
    ['body', 0, 1.1, 'the body came'],
    ['gate', 1.2, 1.2, 'no: deadline'],
    ['answer', 1.4, 1.4, '503, out after 1.4 ms'],
  ],
};
const page200: ShownRequest = {
  ...refusal,
  method: 'GET',
  path: '/posts',
  query: '',
  route: '/posts',
  status: 200,
  outcome: 'fresh',
  why: '',
};

let made: Fixture;
let browser: Browser;
beforeAll(async () => {
  made = fixture();
  await new Promise<void>((resolve) => made.server.listen(0, '127.0.0.1', resolve));
  browser = await launch();
}, 120_000);
afterAll(async () => {
  await browser.close();
  made.close();
});

async function visit(work: (page: Page) => Promise<void>, expected: readonly RegExp[] = []): Promise<void> {
  const origin = `http://127.0.0.1:${(made.server.address() as AddressInfo).port}`;
  const context = await browser.newContext({ baseURL: origin, locale: 'en-GB' });
  try {
    const complaints = await watch(context);
    await work(await context.newPage());
    expect(complaints.filter((complaint) => !expected.some((pattern) => pattern.test(complaint)))).toEqual([]);
  } finally {
    await context.close();
  }
}

async function signIn(page: Page): Promise<void> {
  await page.goto('/ops?sign-in');
  await page.getByLabel('Operator token').fill(TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** Until somebody watches requests, or nobody. */
const watched = (wanted: boolean): Promise<unknown> =>
  eventually(
    () => made.tailing.at(-1),
    (is) => is === wanted,
  );

const violations = (page: Page, looks = LOOKS): Promise<string[]> =>
  violationsOf(
    page,
    async (width) => {
      // Nothing but what scrolls by itself is wider than the page.
      const wide = (await page.evaluate('document.documentElement.scrollWidth')) as number;
      expect([width, wide <= width]).toEqual([width, true]);
    },
    looks,
  );

describe('the dashboard', () => {
  test('tells in one glance how it is, and goes with each sample', async () => {
    await visit(async (page) => {
      await page.goto('/ops');
      await page.getByText('live', { exact: true }).waitFor();
      await page.locator('.mode', { hasText: 'Calm' }).waitFor();
      await page.getByText('All visitors get a page in 40 ms.', { exact: true }).waitFor();
      for (let second = 1; second <= 6; second++) made.feed(sampleAt(Date.now() + second * 1_000, 2.5));
      await page.locator('.mode', { hasText: 'Saturated' }).waitFor();
      await page
        .getByText('92 % of visitors get a page in 40 ms; 8 % are asked to wait 1 to 5 s.', { exact: true })
        .waitFor();
      expect(await page.locator('#limit').textContent()).toContain('the event loop (CPU)');
      expect(await page.locator('#decision').textContent()).toContain('queue delay 80 ms');
      expect(await page.locator('#refused').textContent()).toContain('at /posts 100 %: too much work ahead');
      await page.getByText(/^surge: \+380 % against the 5 minutes before\.; not so any more for \d+ s$/).waitFor();
      expect(await page.title()).toContain('Saturated');
      expect(await page.getByRole('row', { name: /worker-1/ }).count()).toBe(1);
    });
  }, 60_000);

  test('draws every chart, follows the range, is zoomed by a drag, and compares', async () => {
    await visit(async (page) => {
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto('/ops');
      await page.locator('.u-over').first().waitFor();
      expect(await page.locator('.chart .uplot').count()).toBe(await page.locator('.chart').count());
      await page.getByRole('button', { name: '5 min', exact: true }).click();
      expect(await page.getByRole('button', { name: '5 min', exact: true }).getAttribute('aria-pressed')).toBe('true');
      await page.getByLabel('Compare with').selectOption({ label: 'the same time yesterday' });
      await page.locator('.u-legend', { hasText: 'all, then' }).waitFor();
      await page.locator('#chart-rates').scrollIntoViewIfNeeded();
      const box = (await page.locator('#chart-rates .u-over').boundingBox())!;
      await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 4 });
      await page.mouse.up();
      await page.getByRole('button', { name: 'Back to now' }).click();
      await page.getByText('up to now').waitFor();
      await page.getByRole('button', { name: 'Earlier' }).click();
      await page.getByRole('button', { name: 'Back to now' }).waitFor();
      expect(asked.filter((url) => url.includes('/ops/api/history')).length).toBeGreaterThan(3);
    });
  }, 60_000);

  test('has an action done only after the sign-in and a confirmation, and says what came of it', async () => {
    await visit(async (page) => {
      await page.goto('/ops');
      await page.getByRole('button', { name: 'Note' }).click();
      await page.getByLabel('Operator token').waitFor();
      await signIn(page);
      await page.getByRole('button', { name: 'Workers' }).click();
      const dialog = page.getByRole('dialog', { name: 'Workers' });
      await dialog.getByLabel('Most').fill('4');
      await dialog.getByRole('button', { name: 'Close' }).click();
      expect(made.actions).toEqual([]);
      await page.getByRole('button', { name: 'Workers' }).press('Enter');
      await dialog.getByLabel('Most').fill('4');
      await dialog.getByLabel('Most').press('Enter');
      await dialog.getByText('It is done.').waitFor();
      expect(made.actions).toEqual([{ do: 'workers', min: 1, max: 4 }]);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Mute' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Mute surge' }).click();
      await page.getByText('It is done.').waitFor();
      expect(made.actions.at(-1)).toEqual({ do: 'mute', alert: 'surge', minutes: 60 });
    });
  }, 60_000);

  test('shows requests as they are answered, and the way of one', async () => {
    await visit(async (page) => {
      await page.goto('/ops');
      await page.getByText('live', { exact: true }).waitFor();
      expect(made.tailing).toEqual([]);
      await page.getByRole('button', { name: 'Watch requests' }).click();
      await page.getByText('Nothing was answered yet.').waitFor();
      await watched(true);
      made.ops.tellTail([page200, refusal]);
      const rows = page.locator('#tail-rows tr');
      await rows.nth(1).waitFor();
      await page.locator('#tail-outcome').selectOption({ label: 'asked to wait' });
      expect(await rows.count()).toBe(1);
      await page.locator('#tail-status').selectOption('2');
      await page.getByText('None is like this.').waitFor();
      await page.locator('#tail-status').selectOption('5');
      await page.locator('#tail-route').selectOption('/login');
      await rows.getByRole('button').click();
      const dialog = page.getByRole('dialog', { name: 'POST /login?next=…' });
      await dialog.getByText('Why: 3.1 s of work ahead, deadline 2.0 s.').waitFor();
      expect(await dialog.locator('.steps strong').allTextContents()).toEqual(['arrival', 'body', 'gate', 'answer']);
      expect(await violations(page, ONE_LOOK)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.locator('#tail-watch').focus();
      await page.mouse.move(0, 0);
      for (const name of ['route', 'outcome', 'status']) await page.locator(`#tail-${name}`).selectOption('');
      for (let batch = 1; batch <= 11; batch++) {
        const at = Date.now() + batch;
        made.ops.tellTail(
          Array.from({ length: 100 }, (_, nth) => ({ ...page200, at, route: `/r${nth}`, path: `/${batch}` })),
        );
        await rows.first().getByText(`GET /${batch}`, { exact: true }).waitFor();
      }
      // So many rows and routes, and what came long ago is forgotten.
      expect([await rows.count(), await page.locator('#tail-route option').count()]).toEqual([100, 101]);
      await page.locator('#tail-outcome').selectOption({ label: 'asked to wait' });
      await page.getByText('None is like this.').waitFor();
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByText('live', { exact: true }).waitFor();
    });
    await watched(false);
  }, 60_000);

  test('shows a CPU profile as a flame graph', async () => {
    mkdirSync(made.profilesDir, { recursive: true });
    await takeProfile(0.2, join(made.profilesDir, 'worker-1.cpuprofile'));
    await visit(async (page) => {
      await page.goto('/ops');
      await page.getByRole('button', { name: 'Flame graph of worker-1.cpuprofile' }).click();
      const dialog = page.getByRole('dialog', { name: 'CPU profile' });
      const frames = dialog.locator('.frame');
      await frames.first().waitFor();
      expect(await frames.first().textContent()).toBe('(root)');
      await dialog.getByText('garbage collections took').waitFor();
      const name = await frames.nth(1).textContent();
      await frames.nth(1).click();
      expect(await frames.nth(1).textContent()).toBe(name);
      expect(await frames.nth(1).evaluate((frame) => (frame as HTMLElement).style.width)).toBe('100%');
      expect(await violations(page, ONE_LOOK)).toEqual([]);
    });
  }, 60_000);

  test('remembers range, theme and panels', async () => {
    await visit(async (page) => {
      await page.goto('/ops');
      await page.locator('.u-over').first().waitFor();
      await page.getByText('View', { exact: true }).click();
      await page.getByLabel('Theme').selectOption('dark');
      await page.getByRole('checkbox', { name: 'Features of the site' }).uncheck();
      const kept = page.waitForResponse((response) => response.url().endsWith('/ops/api/view'));
      await page.getByRole('button', { name: '1 h', exact: true }).click();
      await kept;
    });
    await visit(async (page) => {
      await page.goto('/ops');
      await page.locator('button[aria-pressed="true"]', { hasText: '1 h' }).waitFor();
      expect(await page.locator('#features-title').isVisible()).toBe(false);
      expect(await page.locator('#theme').inputValue()).toBe('dark');
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(10, 22, 27)');
    });
  }, 60_000);

  test('axe finds nothing: dashboard, confirmation and sign-in', async () => {
    await visit(
      async (page) => {
        await page.goto('/ops?sign-in');
        expect(await violations(page)).toEqual([]);
        await page.getByLabel('Operator token').fill('a wrong token');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByRole('alert').waitFor();
        expect(await violations(page)).toEqual([]);
        await signIn(page);
        await page.locator('.u-over').first().waitFor();
        await page.getByText('View', { exact: true }).click();
        await page.getByRole('button', { name: 'Watch requests' }).click();
        await page.getByText('Nothing was answered yet.').waitFor();
        await watched(true);
        made.ops.tellTail([page200, refusal]);
        await page.locator('#tail-rows tr').first().waitFor();
        expect(await violations(page)).toEqual([]);
        await page.getByRole('button', { name: 'Block a network' }).click();
        await page.getByRole('dialog').waitFor();
        expect(await violations(page)).toEqual([]);
      },
      [/^console: Failed to load resource.* 401 /],
    );
  }, 120_000);
});
