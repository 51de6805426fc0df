import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import request from 'supertest';
import * as tasks from '../../../src/site/tasks/index.ts';
import { Browser } from '../browser.ts';
import { addUser, signIn } from '../people.ts';
import { type SiteServer, siteServer } from '../site-server.ts';
import { xmlMistake } from '../well-formed.ts';

let running: SiteServer;
let dataDir: string;
let editor: Browser;
let editorId: number;
const get = (path: string) => request(running.server).get(path);
const control = { signal: new AbortController().signal };
const save = (post: { title: string; markdown?: string; tags?: string[] }) =>
  tasks.savePost(
    { dataDir, actorId: editorId, markdown: 'Text.', tags: [], publish: { mode: 'now' }, ...post },
    control,
  );

beforeAll(async () => {
  running = await siteServer();
  dataDir = running.context.settings.dataDir;
  editorId = addUser(dataDir, 'edna', 'editor');
  editor = new Browser(running.server);
  await signIn(editor, 'edna');
  for (let number = 1; number <= 14; number += 1)
    await save({ title: `Post ${number}`, tags: number % 2 === 0 ? ['even', 'c++'] : ['odd'] });
  await save({
    title: 'Ampersand & <angle> "quote" \u{1f30a}',
    markdown: 'A & B < C ]]> &nbsp; \u000b end',
    tags: ['météo'],
  });
});
afterAll(() => running.stop());

describe('the list of posts', () => {
  test('has pages that link to one another', async () => {
    const first = await get('/posts');
    expect(first.text).toContain('15 posts');
    expect(first.text).toContain('href="/posts?page=2"');
    expect(first.text.match(/class="card post-card"/g)).toHaveLength(12);
    const second = await get('/posts?page=2');
    expect(second.text.match(/class="card post-card"/g)).toHaveLength(3);
    expect(second.text).toContain('rel="prev" href="/posts"');
  });

  test.each(['0', '-1', 'abc', '1e9', '2 or 1=1', ''])('page=%j shows the first page', async (page) => {
    expect((await get(`/posts?page=${encodeURIComponent(page)}`)).text).toContain('Page 1 of 2');
  });

  test('is narrowed by a topic, whatever letters it has', async () => {
    expect((await get('/posts?tag=c%2B%2B')).text).toContain('7 posts');
    expect((await get('/posts?tag=m%C3%A9t%C3%A9o')).headers['cache-tag']).toBe('posts, tag-m%C3%A9t%C3%A9o');
  });
});

describe('the search', () => {
  test('finds words, and says how many', async () => {
    const answer = await get('/search?q=ampersand');
    expect(answer.text).toContain('1 post for “ampersand”');
  });

  test.each([
    '"',
    "'",
    '*',
    'a AND',
    'NEAR(',
    '" OR 1=1 --',
    '<script>alert(1)</script>',
    '\u0000',
    '%',
    'x'.repeat(500),
  ])('takes %j as words', async (query) => {
    const answer = await get(`/search?q=${encodeURIComponent(query)}`);
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain('<script>alert');
  });

  test('takes a repeated parameter for none', async () => {
    expect((await get('/search?q=a&q=b')).status).toBe(200);
    expect((await get('/search?q[x]=a')).status).toBe(200);
  });
});

describe('what programs read', () => {
  test.each([
    ['/feed.xml', 'application/atom+xml'],
    ['/sitemap.xml', 'application/xml'],
  ])('%s is well-formed', async (path, type) => {
    const answer = await get(path)
      .buffer(true)
      .parse((response, done) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => done(null, Buffer.concat(parts).toString()));
      });
    expect(answer.type).toBe(type);
    expect(xmlMistake(answer.body as string)).toBeUndefined();
    expect(answer.body).toContain('<?xml');
    expect(answer.body).toContain('http://localhost:3000/posts/ampersand');
  });

  test('robots.txt names the sitemap', async () => {
    expect((await get('/robots.txt')).text).toContain('Sitemap: http://localhost:3000/sitemap.xml');
  });
});

describe('the like button', () => {
  test('likes once, unlikes, and counts', async () => {
    const page = await editor.get('/posts/post-1');
    expect(page.text).toMatch(/aria-pressed="false"/);
    const like = (liked: string, headers = {}) =>
      editor.submit('/posts/post-1', '/posts/post-1/like', { liked }, headers);
    expect((await like('1')).headers.location).toBe('/posts/post-1');
    expect((await like('1', { Accept: 'application/json' })).body).toEqual({ liked: true, likes: 1 });
    expect((await editor.get('/posts/post-1')).text).toMatch(/aria-pressed="true"/);
    expect((await get('/posts/post-1')).text).toContain('1 like ·');
    expect((await like('0', { Accept: 'application/json' })).body).toEqual({ liked: false, likes: 0 });
  });

  test('purges no page', async () => {
    const before = running.context.purges.length;
    await editor.submit('/posts/post-2', '/posts/post-2/like', { liked: '1' });
    expect(running.context.purges).toHaveLength(before);
  });

  test('asks others to sign in', async () => {
    const visitor = new Browser(running.server);
    expect((await visitor.get('/posts/post-1')).text).toContain('/login?next=%2Fposts%2Fpost-1');
    expect((await visitor.submit('/login', '/posts/post-1/like', { liked: '1' })).headers.location).toBe(
      '/login?next=%2Fdashboard',
    );
    expect(
      (await visitor.submit('/login', '/posts/post-1/like', { liked: '1' }, { Accept: 'application/json' })).status,
    ).toBe(401);
  });

  test('refuses what is neither', async () => {
    expect((await editor.submit('/posts/post-1', '/posts/post-1/like', { liked: '2' })).status).toBe(400);
    expect((await editor.submit('/posts/post-1', '/posts/none/like', { liked: '1' })).status).toBe(404);
  });
});

describe('the editor', () => {
  const fields = { title: 'Draft', markdown: 'Text', action: 'draft' };

  test('keeps what was typed when a field is wrong', async () => {
    const answer = await editor.submit('/editor/new', '/editor/new', {
      title: '',
      markdown: 'My <b>text</b>',
      tags: 'a b, !!!',
      action: 'schedule',
    });
    expect(answer.status).toBe(422);
    for (const field of ['title', 'tags', 'publishAt']) expect(answer.text).toContain(`id="e-${field}"`);
    expect(answer.text).toContain('My &lt;b&gt;text&lt;/b&gt;');
  });

  test('keeps a draft to itself, publishes it, and takes it back from every cache', async () => {
    const saved = await editor.submit('/editor/new', '/editor/new', fields);
    const path = saved.headers.location!.split('?')[0]!;
    expect((await get('/posts/draft')).status).toBe(404);
    const published = await editor.submit(path, path, { ...fields, action: 'publish' });
    expect(published.headers.location).toBe('/posts/draft?notice=published');
    expect((await get('/posts/draft')).status).toBe(200);
    await editor.submit(path, path, fields);
    expect((await get('/posts/draft')).status).toBe(404);
    expect(running.context.purges.at(-1)).toContain('home');
  });

  test('does not overwrite what another editor saved in between', async () => {
    const path = (
      await editor.submit('/editor/new', '/editor/new', { ...fields, title: 'Twice' })
    ).headers.location!.split('?')[0]!;
    const version = /name="version" value="(\d+)"/.exec((await editor.get(path)).text)![1]!;
    await editor.submit(path, path, { ...fields, title: 'Twice, first', version });
    const second = await editor.submit(path, path, { ...fields, title: 'Twice, second', version });
    expect(second.status).toBe(422);
    expect(second.text).toContain('Somebody else has saved this post');
    expect(second.text).toContain('value="Twice, second"');
  });

  test('refuses an address that another post has', async () => {
    const answer = await editor.submit('/editor/new', '/editor/new', { ...fields, slug: 'post-1' });
    expect(answer.text).toContain('Another post has this address.');
  });

  test('shows a preview without saving', async () => {
    const preview = await editor.submit(
      '/editor/new',
      '/editor/preview',
      { markdown: '# Hi\n<script>x</script>' },
      { Accept: 'application/json' },
    );
    expect(preview.body).toEqual({ html: '<h2>Hi</h2>' });
    expect((await editor.submit('/editor/new', '/editor/preview', { title: 'T', markdown: '**x**' })).text).toContain(
      '<strong>x</strong>',
    );
  });

  test('pins a campaign with its countdown to the main page', async () => {
    await editor.submit('/editor/new', '/editor/new', {
      title: 'The campaign',
      markdown: 'Join in.',
      pinned: '1',
      campaignEndsAt: '2999-01-01T00:00',
      action: 'publish',
    });
    const home = await get('/');
    expect(home.text).toContain('data-countdown="2999-01-01T00:00:00.000Z"');
    expect(home.text).toMatch(/data-unit="days">\d{6}</);
  });

  test('deletes a post', async () => {
    const path = (
      await editor.submit('/editor/new', '/editor/new', { ...fields, title: 'Gone soon' })
    ).headers.location!.split('?')[0]!;
    expect((await editor.submit(path, `${path}/delete`, {})).headers.location).toBe('/editor?notice=deleted');
    expect((await editor.get(path)).status).toBe(404);
  });

  test('announces to members', async () => {
    await editor.submit('/editor', '/editor/announcements', { title: 'Storm <warning>', text: 'Stay in.', days: '2' });
    expect((await editor.get('/dashboard')).text).toContain('Storm &lt;warning&gt;');
    const id = /announcements\/(\d+)\/delete/.exec((await editor.get('/editor')).text)![1]!;
    await editor.submit('/editor', `/editor/announcements/${id}/delete`, {});
    expect((await editor.get('/dashboard')).text).not.toContain('Storm');
    expect(
      (await editor.submit('/editor', '/editor/announcements', { title: 'x', text: 'x', days: '1.5' })).text,
    ).toContain('id="e-days"');
  });

  test('a notice of the address is shown only when it is one of ours', async () => {
    expect((await editor.get('/editor?notice=deleted')).text).toContain('The post was deleted.');
    for (const notice of ['constructor', '__proto__', '<b>'])
      expect((await editor.get(`/editor?notice=${encodeURIComponent(notice)}`)).text).not.toContain('role="status"');
  });
});

test('a scheduled post is published when its time comes, and its pages are purged', async () => {
  const at = Date.now() + 50;
  const saved = await tasks.savePost(
    { dataDir, actorId: editorId, title: 'Later', markdown: 'x', tags: [], publish: { mode: 'at', at } },
    control,
  );
  expect(saved).toMatchObject({ ok: true, post: { status: 'scheduled' } });
  const before = running.context.purges.length;
  const deadline = Date.now() + 10_000;
  while (running.context.purges.length === before && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(running.context.purges.at(-1)).toContain('home');
  expect((await get('/posts/later')).status).toBe(200);
});
