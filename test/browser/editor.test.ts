import { beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../cluster/server.ts';
import { usePlace } from './place.ts';

const place = usePlace();
const EDITOR = 'edith';
const UNPROCESSABLE = /^console: Failed to load resource.* 422 /;

beforeAll(() => place.user('add', EDITOR, '--role', 'editor'), 60_000);

interface Draft {
  title: string;
  text?: string;
}

async function fillNew(page: Page, { title, text = 'Some words.' }: Draft): Promise<void> {
  await page.goto('/editor/new');
  await page.getByLabel('Title').fill(title);
  await page.getByRole('textbox', { name: 'Text', exact: true }).fill(text);
}

/** A time as the form takes it: UTC, to the second. */
const utcInput = (at: number): string => new Date(at).toISOString().slice(0, 19);

/** Whether the workers' answers hold the words: true on all, false on none; else undefined. */
async function shown(path: string, words: string): Promise<boolean | undefined> {
  const all = (await place.fromEachWorker(path)).map(({ status, body }) => status === 200 && body.includes(words));
  return all.every(Boolean) ? true : all.some(Boolean) ? undefined : false;
}

/** Has every worker cache its pages, so that what follows must purge them. */
async function warm(...paths: string[]): Promise<void> {
  for (const path of paths) await place.fromEachWorker(path);
}

async function deletePost(page: Page): Promise<void> {
  await page.getByText('Delete this post').click();
  await page.getByRole('button', { name: 'Delete it for good' }).click();
  await page.getByText('The post was deleted.').waitFor();
}

test('from the registration to a post that every worker shows at once, and back', async () => {
  await place.visit(async ({ page }) => {
    await place.register(page, 'rosa');
    expect(await page.getByRole('link', { name: 'Editor' }).count()).toBe(0);
    await place.user('role', 'rosa', 'editor');
    await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('banner').getByRole('link', { name: 'Sign in' }).waitFor();
    await place.signIn(page, 'rosa');
    await page.getByRole('link', { name: 'Write a post' }).click();
    await page.getByLabel('Title').waitFor();

    const [title, post] = ['The bridge is open again', '/posts/the-bridge-is-open-again'];
    await warm('/', '/posts', '/feed.xml', post);
    await fillNew(page, { title, text: 'Cross it **today**.' });
    await page.getByRole('button', { name: 'Publish now' }).click();
    await page.waitForURL(`${post}?notice=published`);
    for (const path of ['/', '/posts', '/feed.xml', post])
      expect([path, await shown(path, title)]).toEqual([path, true]);
    expect(await page.locator('article strong').textContent()).toBe('today');

    await page.getByRole('link', { name: 'Edit', exact: true }).click();
    await deletePost(page);
    for (const path of ['/', '/posts', '/feed.xml', post])
      expect([path, await shown(path, title)]).toEqual([path, false]);
    for (const { status } of await place.fromEachWorker(post)) expect(status).toBe(404);
  });
});

test('a preview stands beneath the text, or on a page of its own without JavaScript, and runs no script', async () => {
  const draft = {
    title: 'Seen before',
    text: '## A heading\n\n<img src="x" onerror="alert(1)"><script>alert(1)</script>',
  };
  await place.visit(async ({ page }) => {
    await place.signIn(page, EDITOR);
    await fillNew(page, draft);
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('region', { name: 'Preview' }).getByRole('heading', { name: 'A heading' }).waitFor();
    expect(await page.locator('[data-preview] script, [data-preview] [onerror]').count()).toBe(0);
    expect(await page.getByLabel('Title').inputValue()).toBe(draft.title);
  });
  await place.visit(
    async ({ page, context }) => {
      await place.signIn(page, EDITOR);
      await fillNew(page, draft);
      const [preview] = await Promise.all([
        context.waitForEvent('page'),
        page.getByRole('button', { name: 'Preview' }).click(),
      ]);
      await preview.getByRole('heading', { level: 1, name: draft.title }).waitFor();
      expect(await preview.getByRole('heading', { name: 'A heading' }).count()).toBe(1);
    },
    { javaScriptEnabled: false },
  );
});

test('a scheduled post is nowhere before its time, and everywhere after it', async () => {
  const [title, post] = ['The night of the lanterns', '/posts/the-night-of-the-lanterns'];
  await place.visit(
    async ({ page }) => {
      await place.signIn(page, EDITOR);
      await fillNew(page, { title });
      await page.getByRole('button', { name: 'Schedule' }).click();
      // Without a time nothing is scheduled.
      await page.getByText('Please say when it shall be published.').waitFor();
      await page.getByLabel('Publish at').fill(utcInput(Date.now() + 86_400_000).slice(0, 16));
      await page.getByRole('button', { name: 'Schedule' }).click();
      await page.getByText('The post is scheduled').waitFor();
      for (const path of ['/', '/posts', post]) expect([path, await shown(path, title)]).toEqual([path, false]);

      const time = page.getByLabel('Publish at');
      // The form asks for whole minutes, too long for a test; the server takes seconds too.
      await time.evaluate((input) => input.setAttribute('step', '1'));
      await time.fill(utcInput(Date.now() + 2_000));
      await page.getByRole('button', { name: 'Schedule' }).click();
      for (const path of ['/', '/posts', post]) {
        await eventually(
          () => shown(path, title),
          (everywhere) => everywhere === true,
        );
      }
    },
    {},
    [UNPROCESSABLE],
  );
});

test('a pinned campaign leads the home page of every worker, until it is withdrawn', async () => {
  const heading = '>Plant the last tree</a></h1>';
  await place.visit(async ({ page }) => {
    await place.signIn(page, EDITOR);
    await warm('/');
    await fillNew(page, { title: 'Plant the last tree' });
    await page.getByLabel('Pinned campaign').check();
    await page.getByLabel('Campaign ends').fill(utcInput(Date.now() + 3 * 86_400_000).slice(0, 16));
    await page.getByRole('button', { name: 'Publish now' }).click();
    await page.waitForURL('/posts/plant-the-last-tree?notice=published');
    expect(await shown('/', heading)).toBe(true);
    await page.goto('/');
    await page.locator('[data-countdown]').waitFor();

    await page.goto('/posts/plant-the-last-tree');
    await page.getByRole('link', { name: 'Edit', exact: true }).click();
    await page.getByRole('button', { name: 'Withdraw to draft' }).click();
    await page.getByText('The draft was saved').waitFor();
    expect(await shown('/', 'Plant the last tree')).toBe(false);
    expect(await shown('/posts/plant-the-last-tree', 'Plant the last tree')).toBe(false);
  });
});

test('an announcement is on the dashboard of every member', async () => {
  await place.visit(async ({ page }) => {
    await place.signIn(page, EDITOR);
    await page.goto('/editor');
    await page.getByLabel('Title').fill('The office is closed on Friday');
    await page.getByLabel('Text').fill('We are moving desks.');
    await page.getByRole('button', { name: 'Announce' }).click();
    await page.getByText('The announcement is on every member').waitFor();
  });
  await place.visit(async ({ page }) => {
    await place.register(page, 'martin');
    await page.getByRole('heading', { name: 'The office is closed on Friday' }).waitFor();
  });
});
