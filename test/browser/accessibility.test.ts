import { createServer } from 'node:http';
import { beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import supertest from 'supertest';
import { createRefusals } from '../../src/engine/request/answer/refusal.ts';
import { violations } from './axe.ts';
import { PASSWORD, usePlace } from './place.ts';

const STATUS = /^console: Failed to load resource.* (404|422) /;

const place = usePlace();
beforeAll(() => place.user('add', 'axel', '--role', 'editor'), 60_000);

async function look(page: Page, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await page.goto(path);
    expect([path, await violations(page)]).toEqual([path, []]);
  }
}

test('axe finds nothing on the pages for everybody', async () => {
  await place.visit(
    async ({ page }) => {
      await look(page, [
        '/',
        '/posts',
        '/posts?tag=trees',
        '/posts/a-thousand-trees-before-the-frost',
        '/search',
        '/search?q=trees',
        '/search?q=nothingofthekind',
        '/users',
        '/u/mira',
        '/login',
        '/register',
        '/no/such/page',
      ]);
      await page.goto('/register');
      await page.getByLabel('Name', { exact: true }).fill('-a-');
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('main').getByRole('button', { name: 'Join' }).click();
      await page.getByRole('alert').waitFor();
      expect(await violations(page)).toEqual([]);
    },
    {},
    [STATUS],
  );
}, 180_000);

test('axe finds nothing on the pages of members and editors', async () => {
  await place.visit(async ({ page }) => {
    await place.signIn(page, 'axel');
    await page.goto('/editor/new');
    await page.getByLabel('Title').fill('Read by a machine');
    await page.getByRole('textbox', { name: 'Text', exact: true }).fill('## A heading\n\n- one\n- two');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('region', { name: 'Preview' }).getByRole('heading', { name: 'A heading' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Publish now' }).click();
    await page.getByText('The post is published: everybody can read it.').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('link', { name: 'Edit', exact: true }).click();
    await page.getByText('Delete this post').click();
    expect(await violations(page)).toEqual([]);
    await look(page, ['/dashboard', '/account?notice=profile', '/editor', '/editor?notice=deleted']);
  });
}, 180_000);

test('axe finds nothing on the pages of those who must wait', async () => {
  const refusals = createRefusals({ siteName: 'Test', extraHeaders: [] });
  const refusing = createServer((request, response) =>
    refusals.write(request, response, 0.9, request.url === '/begun'),
  );
  const texts = [
    await supertest(refusing).get('/').set('accept', 'text/html'),
    await supertest(refusing).post('/').set('accept', 'text/html'),
    await supertest(refusing).post('/begun').set('accept', 'text/html'),
  ].map(({ text }) => text);
  await place.visit(async ({ page }) => {
    for (const text of texts) {
      await page.setContent(text);
      expect(await violations(page)).toEqual([]);
    }
  });
}, 60_000);
