import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { NARROW, PASSWORD, usePlace } from './place.ts';

const place = usePlace();
const POST = '/posts/a-thousand-trees-before-the-frost';
const UNAUTHORIZED = /^console: Failed to load resource.* 401 /;
const UNPROCESSABLE = /^console: Failed to load resource.* 422 /;

async function changeLike(page: Page, liked: boolean): Promise<void> {
  await page
    .getByRole('main')
    .getByRole('button', { name: /^Liked? / })
    .click();
  await page.locator(`[data-like] button[aria-pressed="${liked}"]`).waitFor();
}

const likes = async (page: Page): Promise<number> => Number(await page.locator('[data-like-count]').textContent());

async function signOut(page: Page): Promise<void> {
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('banner').getByRole('link', { name: 'Sign in' }).waitFor();
}

describe.each([
  ['with JavaScript', 'rosa', {}],
  ['without JavaScript', 'nora', { javaScriptEnabled: false }],
])('a member %s', (_how, name, options) => {
  test('registers, likes a post, thinks better of it, signs out and in again', async () => {
    await place.visit(async ({ page }) => {
      await place.register(page, name);
      await page.goto(POST);
      const before = await likes(page);
      await changeLike(page, true);
      expect(await likes(page)).toBe(before + 1);
      await changeLike(page, false);
      expect(await likes(page)).toBe(before);
      await signOut(page);
      await place.signIn(page, name);
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(`Hello, ${name}`);
    }, options);
  });
});

test('a wrong password, and a name that is taken, are said beside the form', async () => {
  await place.visit(
    async ({ page }) => {
      await page.goto('/login');
      await page.getByLabel('Name', { exact: true }).fill('mira');
      await page.getByLabel('Password').fill('not the password');
      await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();
      expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('mira');

      await page.goto('/register');
      await page.getByLabel('Name', { exact: true }).fill('mira');
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('main').getByRole('button', { name: 'Join' }).click();
      await page.getByText('This name is taken').waitFor();
    },
    {},
    [UNAUTHORIZED, UNPROCESSABLE],
  );
});

test('the dashboard shows the own activity as a chart, and gives it as CSV', async () => {
  await place.visit(async ({ page }) => {
    await place.register(page, 'dora');
    await page.goto(POST);
    await changeLike(page, true);
    await page.goto('/dashboard');
    await page.getByRole('img', { name: 'Your activity per day' }).waitFor();
    expect(await page.locator('.tile', { hasText: 'Likes given' }).locator('b').textContent()).toBe('1');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download all as CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.csv$/);
    const [head, ...rows] = readFileSync(await download.path(), 'utf8')
      .trim()
      .split(/\r?\n/);
    expect(head).toBe('time,what,post,title');
    expect(rows.filter((row) => row.split(',')[1] === 'like')).toHaveLength(1);
  });
});

test('pages of members fit a telephone, in the dark too', async () => {
  await place.visit(
    async ({ page }) => {
      await place.register(page, 'tina');
      for (const path of ['/', POST, '/dashboard', '/account']) {
        await page.goto(path);
        const tooWide = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect([path, tooWide]).toEqual([path, 0]);
      }
    },
    { ...NARROW, colorScheme: 'dark' },
  );
});

test('those who are not signed in are led to the sign-in, and from there to where they wanted to go', async () => {
  await place.user('add', 'wanda', '--role', 'member');
  await place.visit(async ({ page }) => {
    await page.goto('/account');
    expect(new URL(page.url()).pathname).toBe('/login');
    await page.getByLabel('Name', { exact: true }).fill('wanda');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL('/account');
  });
});

test('a new password ends the other sessions, and the old one opens nothing', async () => {
  const next = 'another long sentence';
  await place.user('add', 'paula', '--role', 'member');
  await place.visit(async ({ page: elsewhere }) => {
    await place.signIn(elsewhere, 'paula');
    await place.visit(async ({ page }) => {
      await place.signIn(page, 'paula');
      await page.goto('/account');
      await page.getByLabel('Current password').fill(PASSWORD);
      await page.getByLabel('New password').fill(next);
      await page.getByRole('button', { name: 'Change password' }).click();
      await page.getByText('Your password was changed').waitFor();
    });
    await elsewhere.goto('/dashboard');
    expect(new URL(elsewhere.url()).pathname).toBe('/login');
  });
  await place.visit(
    async ({ page }) => {
      await page.goto('/login');
      await page.getByLabel('Name', { exact: true }).fill('paula');
      await page.getByLabel('Password').fill(PASSWORD);
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
      await place.signIn(page, 'paula', next);
    },
    {},
    [UNAUTHORIZED],
  );
});

test('one session is ended from another', async () => {
  await place.user('add', 'selma', '--role', 'member');
  await place.visit(async ({ page: lost }) => {
    await place.signIn(lost, 'selma');
    await place.visit(async ({ page }) => {
      await place.signIn(page, 'selma');
      await page.goto('/account');
      await page.getByRole('button', { name: /^End the session of / }).click();
      await page.getByText('The session was ended.').waitFor();
      expect(await page.getByRole('button', { name: /^End the session of / }).count()).toBe(0);
      await page.goto('/dashboard');
      expect(new URL(page.url()).pathname).toBe('/dashboard');
    });
    await lost.goto('/dashboard');
    expect(new URL(lost.url()).pathname).toBe('/login');
  });
});
