import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import request from 'supertest';
import * as tasks from '../../../src/site/tasks/index.ts';
import { Browser } from '../browser.ts';
import { addUser, signIn } from '../people.ts';
import { type SiteServer, siteServer } from '../site-server.ts';

let running: SiteServer;
const get = (path: string) => request(running.server).get(path).set('Accept', 'text/html');
const fault = (feature: string, kind: 'error' | 'slow' | 'hang' = 'error', seconds = 60) =>
  running.context.broadcast('lab-fault', { feature, kind, ms: 100, seconds });

beforeEach(async () => {
  running = await siteServer({ lab: true });
  const { dataDir } = running.context.settings;
  const actorId = addUser(dataDir, 'edna', 'editor');
  await tasks.savePost(
    { dataDir, actorId, title: 'A post', markdown: 'x', tags: [], publish: { mode: 'now' } },
    { signal: new AbortController().signal },
  );
});
afterEach(() => running.stop());

describe('when the posts fail', () => {
  test('home says so in that place, and shows the last it had', async () => {
    fault('posts');
    const empty = await get('/');
    expect(empty.status).toBe(200);
    expect(empty.text).toContain('The posts cannot be shown right now.');
    fault('posts', 'error', 0);
    expect((await get('/')).text).toContain('A post');
    fault('posts');
    const last = await get('/');
    expect(last.text).toContain('these are the last we have');
    expect(last.text).toContain('A post');
    expect(last.headers['cache-control']).toBe('public, max-age=0, s-maxage=1');
  });

  test('their own pages say 5xx, then 503 at once; members, sign-in and profiles work', async () => {
    fault('posts');
    const answers: number[] = [];
    for (let time = 0; time < 7; time += 1) answers.push((await get('/posts')).status);
    expect(answers).toEqual([500, 500, 500, 500, 500, 503, 503]);
    expect(running.site.health!()).toMatchObject({ posts: 'down', home: 'ok', account: 'ok' });
    expect((await get('/users')).status).toBe(200);
    expect((await get('/login')).status).toBe(200);
    const profile = await get('/u/edna');
    expect(profile.status).toBe(200);
    expect(profile.text).toContain('The posts cannot be shown right now.');
    expect((await get('/')).status).toBe(200);
  });

  test('by hanging, home waits for them a bounded time only', async () => {
    fault('posts', 'hang');
    const answer = await get('/');
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('The posts cannot be shown right now.');
  });
});

describe('for members', () => {
  let browser: Browser;
  beforeEach(async () => {
    browser = new Browser(running.server);
    await signIn(browser, 'edna');
  });

  test('a post shows without likes when these fail', async () => {
    fault('likes');
    const answer = await browser.get('/posts/a-post');
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('Likes are taking a break');
  });

  test('the dashboard shows without its chart when that fails', async () => {
    running.context.failing.set('activityChart', new Error('broken'));
    const answer = await browser.get('/dashboard');
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('The chart is taking a break.');
    expect(running.site.health!()).toMatchObject({ activity: 'degraded', dashboard: 'ok' });
  });

  test('the dashboard down takes nothing else with it', async () => {
    fault('dashboard');
    expect((await browser.get('/dashboard')).status).toBe(500);
    for (const path of ['/', '/posts', '/account', '/editor']) expect((await browser.get(path)).status).toBe(200);
  });

  test('public pages show when sessions cannot be read, own pages ask for patience, and nobody is signed out', async () => {
    fault('sessions');
    const home = await browser.get('/');
    expect(home.status).toBe(200);
    expect(home.headers['cache-control']).toBe('private, no-store');
    const dashboard = await browser.get('/dashboard');
    expect(dashboard.status).toBe(503);
    expect(dashboard.text).toContain('you need not sign in again');
    fault('sessions', 'error', 0);
    expect((await browser.get('/dashboard')).status).toBe(200);
  });
});

test('a slow feature answers late, but answers', async () => {
  fault('users', 'slow');
  expect((await get('/users')).status).toBe(200);
});
