import { expect, test } from '@jest/globals';
import { eventually, servingPids } from '../cluster/server.ts';
import { NARROW, usePlace } from './place.ts';

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
    [/^console: Failed to load resource.* 503 /],
  );
});
