import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { type Fixture, fixture, sampleAt, TOKEN } from '../engine/monitor/ops/fixture.ts';
import { violations as violationsOf } from './axe.ts';
import { launch, watch } from './chromium.ts';

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

const violations = (page: Page): Promise<string[]> =>
  violationsOf(page, async (width) => {
    // Nothing but what scrolls by itself is wider than the page.
    const wide = (await page.evaluate('document.documentElement.scrollWidth')) as number;
    expect([width, wide <= width]).toEqual([width, true]);
  });

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
        expect(await violations(page)).toEqual([]);
        await page.getByRole('button', { name: 'Block a network' }).click();
        await page.getByRole('dialog').waitFor();
        expect(await violations(page)).toEqual([]);
      },
      [/^console: Failed to load resource.* 401 /],
    );
  }, 120_000);
});
