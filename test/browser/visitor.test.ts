import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { NARROW, usePlace } from './place.ts';

const place = usePlace();
const CAMPAIGN = 'A thousand trees before the frost';
const PAGES = [
  '/',
  '/posts',
  `/posts/a-thousand-trees-before-the-frost`,
  '/search?q=trees',
  '/users',
  '/u/mira',
  '/login',
  '/register',
];
const NOT_FOUND = /^console: Failed to load resource.* 404 /;

/** Red, green and blue of the page's background, summed: 0 black, 765 white. */
const brightness = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const [red = 0, green = 0, blue = 0] = (getComputedStyle(document.body).backgroundColor.match(/\d+/g) ?? []).map(
      Number,
    );
    return red + green + blue;
  });

const secondsShown = (page: Page): Promise<string | null> => page.locator('[data-unit="seconds"]').textContent();

describe('the home page', () => {
  test('shows campaign, newest posts and counts, and its countdown runs', async () => {
    await place.visit(async ({ page }) => {
      await page.goto('/');
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(CAMPAIGN);
      expect(await page.getByRole('region', { name: 'Newest posts' }).getByRole('article').count()).toBeGreaterThan(4);
      expect(await page.getByText('Members', { exact: true }).count()).toBeGreaterThan(0);
      const before = await secondsShown(page);
      await page.waitForFunction((old) => document.querySelector('[data-unit="seconds"]')?.textContent !== old, before);
    });
  });

  test('shows the same without JavaScript, with the countdown as the server wrote it', async () => {
    await place.visit(
      async ({ page }) => {
        await page.goto('/');
        expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(CAMPAIGN);
        expect(await secondsShown(page)).toMatch(/^\d\d$/);
        await page.getByRole('link', { name: CAMPAIGN }).click();
        expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(CAMPAIGN);
      },
      { javaScriptEnabled: false },
    );
  });

  test('is dark for those who want it dark', async () => {
    await place.visit(async ({ page }) => {
      await page.goto('/');
      expect(await brightness(page)).toBeGreaterThan(600);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await brightness(page)).toBeLessThan(200);
    });
  });
});

test('every public page fits a telephone, has one main heading, and names its fields and pictures', async () => {
  await place.visit(async ({ page }) => {
    for (const path of PAGES) {
      const answer = await page.goto(path);
      expect([path, answer?.status()]).toEqual([path, 200]);
      const seen = await page.evaluate(() => ({
        tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        language: document.documentElement.lang,
        headings: document.querySelectorAll('h1').length,
        unnamed: [...document.querySelectorAll<HTMLInputElement>('input:not([type=hidden]), textarea, select')]
          .filter((field) => (field.labels?.length ?? 0) === 0)
          .map(({ name }) => name),
        pictures: document.querySelectorAll('img:not([alt])').length,
      }));
      expect([path, seen]).toEqual([path, { tooWide: 0, language: 'en', headings: 1, unnamed: [], pictures: 0 }]);
    }
  }, NARROW);
});

test('the keyboard leads past the navigation, to every link, field and button, and shows where it is', async () => {
  await place.visit(async ({ page }) => {
    await page.goto('/');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('content');

    await page.goto('/');
    const all = await page.locator('a[href], button, input:not([type=hidden])').count();
    const reached = new Set<string>();
    for (let step = 0; step < all; step += 1) {
      await page.keyboard.press('Tab');
      const { place: where, shown } = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        // A card that is one large link shows the focus around itself.
        const { outlineStyle, outlineWidth } = getComputedStyle(element, element.matches('.cover') ? '::after' : null);
        return {
          place: String([...document.querySelectorAll('*')].indexOf(element)),
          shown: outlineStyle !== 'none' && outlineWidth !== '0px' ? '' : element.outerHTML,
        };
      });
      reached.add(where);
      expect(shown).toBe('');
    }
    expect(reached.size).toBe(all);
  });
});

test('a search from the home page finds posts, and says so when it finds none', async () => {
  await place.visit(async ({ page }) => {
    await page.goto('/');
    await page.getByLabel('Search the posts').fill('saplings');
    await page.keyboard.press('Enter');
    await page.waitForURL('/search?q=saplings');
    await page.getByRole('link', { name: CAMPAIGN }).waitFor();
    await page.getByLabel('Words to look for').fill('"<script>alert(1)</script>');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing was found').waitFor();
  });
});

test('an address that is not there is answered with a friendly page', async () => {
  await place.visit(
    async ({ page }) => {
      const answer = await page.goto('/no/such/page');
      expect(answer?.status()).toBe(404);
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('This page is not on the map');
      await page.getByRole('link', { name: 'To the main page' }).click();
      await page.getByRole('heading', { name: CAMPAIGN }).waitFor();
    },
    {},
    [NOT_FOUND],
  );
});
