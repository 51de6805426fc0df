import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { PoolFullError, TaskDeadlineError, TaskError } from '../../../src/engine/pool/errors.ts';
import { DatabaseBusyError } from '../../../src/site/data/write.ts';
import { Browser } from '../browser.ts';
import { addUser, PASSWORD, signIn } from '../people.ts';
import { type SiteServer, siteServer } from '../site-server.ts';

let running: SiteServer;
let browser: Browser;

beforeEach(async () => {
  running = await siteServer();
  browser = new Browser(running.server);
  addUser(running.context.settings.dataDir, 'edna', 'editor');
});
afterEach(() => running.stop());

const refuse = (task: string): void => {
  running.context.failing.set(task, new PoolFullError(task, 256));
};

test.each([
  ['signIn', '/login', '/login', { name: 'edna', password: PASSWORD }, 'value="edna"'],
  ['register', '/register', '/register', { name: 'newcomer', displayName: 'New', password: PASSWORD }, 'value="New"'],
])('a busy pool (%s) leaves a visitor the text of the form %s', async (task, page, path, fields, kept) => {
  refuse(task);
  const answer = await browser.submit(page, path, fields);
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toBe('2');
  expect(answer.text).toContain('Please send it again in a moment.');
  expect(answer.text).toContain(kept);
  expect(answer.text).not.toContain(PASSWORD);
});

test.each([
  [
    'savePost',
    '/editor/new',
    '/editor/new',
    { title: 'A title', markdown: 'a long text', action: 'publish' },
    'a long text',
  ],
  ['saveAnnouncement', '/editor', '/editor/announcements', { title: 'A title', text: 'some news' }, 'some news'],
  ['updateProfile', '/account', '/account/profile', { displayName: 'Edna', bio: 'my life' }, 'my life'],
  [
    'changePassword',
    '/account',
    '/account/password',
    { currentPassword: PASSWORD, newPassword: 'long enough' },
    'edna',
  ],
])('a busy pool (%s) leaves a member the text of the form %s', async (task, page, path, fields, kept) => {
  await signIn(browser, 'edna');
  refuse(task);
  const answer = await browser.submit(page, path, fields);
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toBe('2');
  expect(answer.text).toContain('Please send it again in a moment.');
  expect(answer.text).toContain(kept);
  running.context.failing.clear();
  expect((await browser.submit(page, path, fields)).status).toBe(303);
});

test('a full disk leaves the form with its text as a 507, takes no feature down, and shows in the health', async () => {
  await signIn(browser, 'edna');
  expect(running.site.health!()).toMatchObject({ disk: 'ok' });
  const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  running.context.failing.set('savePost', new TaskError('savePost', full));
  const fields = { title: 'A title', markdown: 'a long text', action: 'publish' };
  for (let time = 0; time < 6; time += 1) {
    const answer = await browser.submit('/editor/new', '/editor/new', fields);
    expect(answer.status).toBe(507);
    expect(answer.text).toContain('What you typed is still here');
    expect(answer.text).toContain('a long text');
  }
  const program = await browser.submit('/editor/new', '/editor/new', fields, { Accept: 'application/json' });
  expect(program.body).toMatchObject({ status: 507, code: 'DISK_FULL' });
  expect(running.site.health!()).toMatchObject({ disk: 'down', editor: 'ok' });
  running.context.failing.clear();
  expect((await browser.submit('/editor/new', '/editor/new', fields)).status).toBe(303);
});

test('a program is told in JSON that the server is busy', async () => {
  refuse('signIn');
  const fields = { name: 'edna', password: PASSWORD };
  const answer = await browser.submit('/login', '/login', fields, { Accept: 'application/json' });
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toBe('2');
  expect(answer.body).toMatchObject({ status: 503, code: 'BUSY' });
});

test('a pool that is busy or a database that is locked for long takes no feature down, and locks nobody out', async () => {
  const tries = async (error: Error): Promise<void> => {
    running.context.failing.set('signIn', error);
    expect((await browser.submit('/login', '/login', { name: 'edna', password: PASSWORD })).status).toBe(503);
  };
  // More often than an account has tries: what the pool refused was none.
  for (let time = 0; time < 12; time += 1) await tries(new PoolFullError('signIn', 1));
  for (let time = 0; time < 6; time += 1) await tries(new TaskDeadlineError('signIn', 9, new Error('left')));
  for (let time = 0; time < 6; time += 1) await tries(new TaskError('signIn', new DatabaseBusyError(500)));
  expect(running.site.health!()).toMatchObject({ account: 'ok' });
  running.context.failing.clear();
  await signIn(browser, 'edna');
});
