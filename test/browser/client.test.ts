import { expect, test } from '@jest/globals';
import { openReader } from '../../src/site/data/open.ts';
import { isAlive, servingPids, untilServing } from '../cluster/server.ts';
import { PASSWORD, usePlace } from './place.ts';

/** What a browser says of tries that did not reach the server, or were told to come again. */
const NOISE = [/Failed to load resource/, /^request: /];

const place = usePlace();

const end = (pid: number): void => {
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
};
const killAll = async (): Promise<void> => {
  for (const pid of servingPids(await place.server.fleet())) end(pid);
};
const count = (sql: string, ...values: unknown[]): number => {
  const db = openReader(place.server.dataDir);
  try {
    return db
      .prepare(sql)
      .pluck()
      .get(...values) as number;
  } finally {
    db.close();
  }
};

/** Kills every worker again and again while something goes on; a test that killed none has shown nothing. */
async function underFire(work: () => Promise<void>): Promise<void> {
  let killed = 0;
  const timer = setInterval(() => {
    void place.server.fleet().then((fleet) => {
      for (const pid of killed < 6 ? servingPids(fleet) : []) {
        killed += 1;
        end(pid);
      }
    });
  }, 150);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  expect(killed).toBeGreaterThan(1);
}

test('a form that is sent while every worker is killed arrives exactly once', async () => {
  await place.user('add', 'edi', '--role', 'editor');
  await place.visit(
    async ({ page }) => {
      await place.signIn(page, 'edi');
      await page.goto('/editor/new');
      await page.getByLabel('Title').fill('Sent in a storm');
      await page.getByRole('textbox', { name: 'Text', exact: true }).fill('Some words.');
      await underFire(async () => {
        await killAll();
        await page.getByRole('button', { name: 'Publish now' }).click();
        await page.waitForURL('**/posts/sent-in-a-storm*', { timeout: 60_000 });
      });
      expect(count("SELECT count(*) FROM posts WHERE title = 'Sent in a storm'")).toBe(1);
    },
    {},
    [],
    NOISE,
  );
});

test('a visitor who joins while every worker is killed is a member, once, and signed in', async () => {
  await untilServing(place.server, 2);
  await place.visit(
    async ({ page }) => {
      await page.goto('/register');
      await page.getByLabel('Name', { exact: true }).fill('stormy');
      await page.getByLabel('Password').fill(PASSWORD);
      await underFire(async () => {
        await page.getByRole('main').getByRole('button', { name: 'Join' }).click();
        await killAll();
        await page.waitForURL('/dashboard', { timeout: 60_000 });
      });
      expect(count("SELECT count(*) FROM users WHERE name = 'stormy'")).toBe(1);
    },
    {},
    [],
    NOISE,
  );
  await untilServing(place.server, 2);
});

test('the form says plainly that the server is busy, and is sent again with what was in it and the same key', async () => {
  await place.visit(
    async ({ page }) => {
      const keys: (string | undefined)[] = [];
      await page.route('/register', async (route) => {
        if (route.request().method() !== 'POST') return route.continue();
        keys.push(route.request().headers()['idempotency-key']);
        if (keys.length > 2) return route.continue();
        return route.fulfill({ status: 503, headers: { 'retry-after': '1' }, body: 'busy' });
      });
      await page.goto('/register');
      await page.getByLabel('Name', { exact: true }).fill('patience');
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('main').getByRole('button', { name: 'Join' }).click();
      await page.getByText(/^Sent\. The server is busy; trying again in \d s\. Nothing is sent twice\.$/).waitFor();
      await page.waitForURL('/dashboard');
      expect(keys.length).toBe(3);
      expect(new Set(keys).size).toBe(1);
    },
    {},
    [],
    NOISE,
  );
});

test('a mistake in the form is shown by the site’s own page, and the form can be sent again', async () => {
  await place.visit(
    async ({ page }) => {
      await page.goto('/register');
      await page.getByLabel('Name', { exact: true }).fill('no spaces please');
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('main').getByRole('button', { name: 'Join' }).click();
      await page.getByRole('alert').waitFor();
      await page.getByLabel('Name', { exact: true }).fill('nospaces');
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('main').getByRole('button', { name: 'Join' }).click();
      await page.waitForURL('/dashboard');
    },
    {},
    [],
    NOISE,
  );
});

test('what was typed is there after a reload, but no password', async () => {
  await place.visit(async ({ page }) => {
    await page.goto('/register');
    await page.getByLabel('Name', { exact: true }).fill('typed');
    await page.getByLabel('Password').fill(PASSWORD);
    const stored = await page.evaluate(() => JSON.stringify({ ...sessionStorage }));
    expect(stored).toContain('typed');
    expect(stored).not.toContain(PASSWORD);
    await page.reload();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('typed');
    expect(await page.getByLabel('Password').inputValue()).toBe('');
  });
});
