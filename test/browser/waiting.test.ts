import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';
import supertest from 'supertest';
import { createRefusals } from '../../src/engine/request/answer/refusal.ts';
import { eventually, servingPids } from '../cluster/server.ts';
import { NARROW, usePlace } from './place.ts';

const BUSY = /^console: Failed to load resource.* 503 /;

const place = usePlace();

test('when no worker is left, visitors get a page that waits with them and lets them in by itself', async () => {
  await place.visit(
    async ({ page }) => {
      // A worker that is back before the browser asked is ended once more.
      await eventually(
        async () => {
          for (const pid of servingPids(await place.server.fleet())) process.kill(pid, 'SIGKILL');
          return (await page.goto('/login'))?.headers()['x-tahan-process'];
        },
        (name) => name === 'lifeboat',
      );
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('One moment, please');
      const { font, tooWide } = await page.evaluate(() => ({
        font: getComputedStyle(document.body).fontFamily,
        tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      }));
      // Its one style passes its own content security policy.
      expect(font).toContain('system-ui');
      expect(tooWide).toBe(0);
      await page.getByRole('main').getByRole('button', { name: 'Sign in' }).waitFor();
    },
    NARROW,
    [BUSY],
  );
});

test('a form that was refused is still filled in when its writer goes back, and can be sent again', async () => {
  const refusals = createRefusals({ siteName: 'Test', extraHeaders: [] });
  const refusing = createServer((request, response) => refusals.write(request, response, 0));
  const { status, headers, text: body } = await supertest(refusing).post('/').set('accept', 'text/html');
  const words = 'A long text. '.repeat(260);
  await place.user('add', 'ada', '--role', 'editor');
  await place.visit(
    async ({ page }) => {
      await place.signIn(page, 'ada');
      // With the script the form is sent again by itself (client.test.ts).
      const script = 'export const send = fetch;';
      await page.route('/tahan/client.js', (route) => route.fulfill({ contentType: 'text/javascript', body: script }));
      await page.goto('/editor/new');
      await page.getByLabel('Title').fill('Written with care');
      const text = page.getByRole('textbox', { name: 'Text', exact: true });
      await text.fill(words);
      // The first time it is sent, the server has no room.
      await page.route('/editor/new', (route) => route.fulfill({ status, headers, body }), { times: 1 });
      await page.getByRole('button', { name: 'Publish now' }).click();
      await page.getByRole('heading', { name: 'This was not taken' }).waitFor();
      await page.goBack();
      expect(await text.inputValue()).toBe(words);
      await page.getByRole('button', { name: 'Publish now' }).click();
      await page.waitForURL('/posts/written-with-care?notice=published');
    },
    {},
    [BUSY],
  );
});
