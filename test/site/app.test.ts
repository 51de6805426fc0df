import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import request from 'supertest';
import { sharing } from '../../src/engine/cache/sharing.ts';
import { render } from '../../src/engine/pages/render.ts';
import { PoolFullError, TaskDeadlineError, TaskError } from '../../src/engine/pool/errors.ts';
import { DatabaseBusyError } from '../../src/site/data/write.ts';
import { Browser } from './browser.ts';
import { addUser, PASSWORD, signIn } from './people.ts';
import { type SiteServer, siteServer } from './site-server.ts';

let running: SiteServer;
const html = (path: string) => request(running.server).get(path).set('Accept', 'text/html');
const json = (path: string) => request(running.server).get(path).set('Accept', 'application/json');

beforeAll(async () => {
  running = await siteServer();
});
afterAll(() => running.stop());

describe('the way of a new member', () => {
  test('register, sign out, sign in, become an editor, publish, and see the post', async () => {
    const browser = new Browser(running.server);
    const registered = await browser.submit('/register', '/register', {
      name: 'Mira',
      displayName: 'Mira of the Sea',
      password: PASSWORD,
    });
    expect(registered.status).toBe(303);
    expect(registered.headers.location).toBe('/dashboard');
    expect(running.context.purges.at(-1)).toEqual(['members']);
    expect((await browser.get('/dashboard')).text).toContain('Hello, Mira of the Sea');

    expect((await browser.submit('/dashboard', '/logout', {})).status).toBe(303);
    expect((await browser.get('/dashboard')).headers.location).toBe('/login?next=%2Fdashboard');

    addUser(running.context.settings.dataDir, 'edna', 'editor');
    await signIn(browser, 'edna');
    const published = await browser.submit('/editor/new', '/editor/new', {
      title: 'The wall <holds>',
      markdown: 'Some **bold** text.\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))',
      tags: 'Sea, Harbour wall',
      action: 'publish',
    });
    expect(published.status).toBe(303);
    expect(published.headers.location).toBe('/posts/the-wall-holds?notice=published');
    expect((await browser.get(published.headers.location ?? '')).text).toContain('everybody can read it');
    // An address cannot put the words before others.
    expect((await html('/posts/the-wall-holds?notice=published')).text).not.toContain('everybody can read it');
    expect(running.context.purges.at(-1)).toEqual(
      expect.arrayContaining(['home', 'posts', 'tag-sea', 'tag-harbour-wall']),
    );

    const post = await html('/posts/the-wall-holds');
    expect(post.status).toBe(200);
    expect(post.text).toContain('<h1>The wall &lt;holds&gt;</h1>');
    expect(post.text).toContain('<strong>bold</strong>');
    expect(post.text).not.toMatch(/<script>|javascript:/);
    for (const path of ['/', '/posts', '/posts?tag=harbour-wall', '/search?q=bold', '/u/edna'])
      expect((await html(path)).text).toContain('The wall &lt;holds&gt;');
  });

  test('two who want the same name: the second is told beside the field, and keeps what was typed, but no password', async () => {
    addUser(running.context.settings.dataDir, 'taken');
    const answer = await new Browser(running.server).submit('/register', '/register', {
      name: 'TAKEN',
      displayName: '"><script>x',
      password: PASSWORD,
    });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('id="e-name">This name is taken.');
    expect(answer.text).toContain('value="TAKEN"');
    expect(answer.text).toContain('value="&quot;&gt;&lt;script&gt;x"');
    expect(answer.text).not.toContain(PASSWORD);
  });

  test.each(['ab', '-edge', 'with space', 'a/b', '../etc', '<b>', 'ünï', 'a'.repeat(31), '=cmd', ''])(
    'the name %j is refused with a reason',
    async (name) => {
      const answer = await new Browser(running.server).submit('/register', '/register', { name, password: PASSWORD });
      expect(answer.status).toBe(422);
      expect(answer.text).toContain('id="e-name"');
      expect(answer.text).toContain('aria-invalid="true"');
    },
  );

  test('a member who is no editor cannot open the editor, nor write', async () => {
    addUser(running.context.settings.dataDir, 'reader');
    const browser = new Browser(running.server);
    await signIn(browser, 'reader');
    expect((await browser.get('/editor')).status).toBe(403);
    expect(
      (await browser.submit('/account', '/editor/new', { title: 'x', markdown: 'x', action: 'publish' })).status,
    ).toBe(403);
  });
});

describe('answers to what cannot be', () => {
  test('an unknown page is a friendly 404, JSON for programs', async () => {
    const page = await html('/nowhere');
    expect(page.status).toBe(404);
    expect(page.text).toContain('not on the map');
    expect(page.headers['cache-control']).toBe('no-store');
    const problem = await json('/nowhere');
    expect(problem.type).toBe('application/problem+json');
    expect(problem.body).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      code: 'NOT_FOUND',
      detail: 'There is no page at this address.',
    });
  });

  test('a page that is not there is one answer for all where the engine asks for all, so that it can be kept', async () => {
    const rendered = await render(running.site, { url: '/posts/none', host: '', language: '' }, () => {});
    expect(rendered.status).toBe(404);
    expect(rendered.headers.vary).toBeUndefined();
    expect(sharing(rendered.status, rendered.headers)).toBe('store');
    expect((await html('/posts/none')).headers.vary).toContain('Accept');
  });

  test.each([
    '/posts/none',
    '/u/nobody',
    '/posts?page=99',
    '/posts?tag=none',
    '/users?page=7',
    '/u/%00',
    '/u/%ff',
    '/posts/%2e%2e',
    '/editor/none/delete',
    '/assets/none.0123456789.css',
    '/assets/..%2fsite.css',
    '/u/a%2fb/avatar.svg',
  ])('%s is 404 or 400, never an error of ours', async (path) => {
    expect([400, 404, 405]).toContain((await html(path)).status);
  });

  test('a wrong method is 405 and names the right ones', async () => {
    const answer = await request(running.server).delete('/posts').set('Accept', 'application/json');
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('HEAD, GET');
    expect(answer.body.code).toBe('METHOD_NOT_ALLOWED');
    expect((await request(running.server).post('/').set('Accept', 'text/html')).status).toBe(405);
    expect((await request(running.server).get('/logout').set('Accept', 'text/html')).headers.allow).toBe('POST');
  });

  test('HEAD is GET without the body', async () => {
    const [head, get] = [await request(running.server).head('/posts'), await request(running.server).get('/posts')];
    expect(head.status).toBe(200);
    expect(head.text).toBeUndefined();
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
  });

  test('a body above the limit is 413', async () => {
    const answer = await new Browser(running.server).submit('/login', '/login', {
      name: 'x'.repeat(70_000),
      password: 'x',
    });
    expect(answer.status).toBe(413);
    expect(answer.text).toContain('larger than this site accepts');
  });

  test('a broken body is 400', async () => {
    const answer = await request(running.server)
      .post('/login')
      .type('json')
      .set('Accept', 'application/json')
      .send('{"a":');
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('BAD_REQUEST');
  });

  test.each([
    ['the pool is full', new PoolFullError('signIn', 256), 'Please send it again in a moment.'],
    [
      'the database is locked',
      new TaskError('signIn', new DatabaseBusyError(500)),
      'Please send it again in a moment.',
    ],
    ['a task is too slow', new TaskDeadlineError('signIn', 2_000), 'One moment, please'],
  ])('when %s, sign-in says 503 and when to come back', async (_why, error, words) => {
    running.context.failing.set('signIn', error);
    try {
      const answer = await new Browser(running.server).submit('/login', '/login', { name: 'edna', password: PASSWORD });
      expect(answer.status).toBe(503);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.text).toContain(words);
    } finally {
      running.context.failing.clear();
    }
  });

  test('an error of ours is 500 and tells nothing of it', async () => {
    running.context.failing.set('sitemapPosts', new Error('secret path /etc/x'));
    try {
      const answer = await html('/sitemap.xml');
      expect(answer.status).toBe(500);
      expect(answer.text).not.toContain('secret');
    } finally {
      running.context.failing.clear();
    }
  });
});

test('that somebody is an editor stands on public pages only if the editor wishes', async () => {
  addUser(running.context.settings.dataDir, 'quiet', 'editor');
  const browser = new Browser(running.server);
  await signIn(browser, 'quiet');
  const marked = async (): Promise<boolean[]> =>
    (await Promise.all(['/users', '/u/quiet'].map(html))).map(({ text }) =>
      text.includes('<span class="badge">editor'),
    );
  expect(await marked()).toEqual([false, false]);
  await browser.submit('/account', '/account/profile', { displayName: 'Quiet', bio: '', roleShown: '1' });
  expect(await marked()).toEqual([true, true]);
  expect(running.context.purges.at(-1)).toContain('members');
  await browser.submit('/account', '/account/profile', { displayName: 'Quiet', bio: '' });
  expect(await marked()).toEqual([false, false]);
});

test.each([
  ['no gzip at all', Buffer.from('name=edna')],
  ['a gzip that breaks off', gzipSync('name=edna&password=x').subarray(0, 20)],
])('a packed body that cannot be unpacked is a 400: %s', async (_name, body) => {
  const answer = await request(running.server)
    .post('/login')
    .set({ Accept: 'text/html', 'Content-Encoding': 'gzip', 'Content-Type': 'application/x-www-form-urlencoded' })
    .send(body);
  expect(answer.status).toBe(400);
  expect(answer.text).toContain('The body could not be unpacked.');
});

test('pictures of people are parts of their page, and the icon is where browsers look for it', async () => {
  const { text } = await html('/users');
  expect(text).toContain('<svg class="face"');
  expect(text).not.toContain('avatar.svg');
  const icon = await request(running.server).get('/favicon.ico').expect(200);
  expect(icon.headers['content-type']).toBe('image/x-icon');
  expect([...(icon.body as Buffer).subarray(0, 4)]).toEqual([0, 0, 1, 0]);
});

describe('what the engine is told', () => {
  const request = (cookie: string): IncomingMessage => {
    const message = new IncomingMessage(new Socket());
    message.headers.cookie = cookie;
    return message;
  };

  test('a genuine session cookie makes a member, a forged one does not', async () => {
    const browser = new Browser(running.server);
    addUser(running.context.settings.dataDir, 'member-check');
    await signIn(browser, 'member-check');
    const cookie = browser.cookies.get('tahan_session')!;
    const isMember = running.site.isMember!;
    expect(isMember(request(`a=b; tahan_session=${cookie}`))).toBe(true);
    expect(isMember(request(`tahan_session=${cookie}x`))).toBe(false);
    expect(isMember(request(`tahan_session=x${cookie}`))).toBe(false);
    expect(isMember(request(`tahan_session=${browser.cookies.get('tahan_form')}`))).toBe(false);
    for (const forged of ['', 'a', 'a.', '.a', 'a.b', '%', 'x'.repeat(9_000)])
      expect(isMember(request(`tahan_session=${forged}`))).toBe(false);
  });

  test('a cookie whose session has ended is taken back', async () => {
    const browser = new Browser(running.server);
    addUser(running.context.settings.dataDir, 'ended');
    await signIn(browser, 'ended');
    const cookie = browser.cookies.get('tahan_session')!;
    await browser.submit('/account', '/logout', {});
    const again = new Browser(running.server);
    again.cookies.set('tahan_session', cookie);
    await again.get('/');
    expect(again.cookies.has('tahan_session')).toBe(false);
  });

  test('every route that is answered has a policy', async () => {
    const routes = running.site.policies!.map(({ route }) => route);
    expect(new Set(routes).size).toBeGreaterThan(20);
    expect(routes).toEqual(
      expect.arrayContaining([
        '/',
        '/posts',
        '/posts/:slug',
        '/posts/:slug/like',
        '/login',
        '/u/:name',
        '/feed.xml',
        '/dashboard/activity.csv',
        '/assets/:file',
      ]),
    );
  });

  test('a public page is the same for all who are not signed in: no cookie, no private header, tags to purge it by', async () => {
    for (const path of [
      '/',
      '/posts',
      '/search?q=wall',
      '/posts/the-wall-holds',
      '/users',
      '/u/edna',
      '/feed.xml',
      '/sitemap.xml',
      '/robots.txt',
    ]) {
      const answer = await html(path).set('Cookie', 'tahan_form=anything; other=1');
      expect(answer.status).toBe(200);
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(answer.headers['cache-control']).toMatch(/^public, max-age=0, s-maxage=\d+$/);
    }
    expect((await html('/posts/the-wall-holds')).headers['cache-tag']).toMatch(
      /^post-\d+, tag-sea, tag-harbour-wall, user-\d+$/,
    );
    expect((await html('/')).headers['cache-tag']).toBe('home, posts');
  });

  test('a member’s page is private', async () => {
    const browser = new Browser(running.server);
    await signIn(browser, 'edna');
    for (const path of ['/', '/posts', '/account', '/dashboard'])
      expect((await browser.get(path)).headers['cache-control']).toBe('private, no-store');
  });

  test('a form that is written for long may be kept by its browser, for the way back, and by nobody else', async () => {
    const browser = new Browser(running.server);
    await signIn(browser, 'edna');
    expect((await browser.get('/editor/new')).headers['cache-control']).toBe('private, no-cache');
  });

  test('the page of a form is not cached: it sets a cookie', async () => {
    const answer = await html('/login');
    expect(answer.headers['cache-control']).toBe('private, no-store');
    expect(String(answer.headers['set-cookie'])).toMatch(/^tahan_form=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
  });
});

describe('behind TLS', () => {
  test('cookies are Secure and bound to the host', async () => {
    const secure = await siteServer({ publicUrl: 'https://tahan.example' });
    try {
      const answer = await request(secure.server).get('/login');
      expect(String(answer.headers['set-cookie'])).toMatch(
        /^__Host-tahan_form=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      );
      expect(answer.headers['strict-transport-security']).toContain('max-age=31536000');
    } finally {
      await secure.stop();
    }
  });

  test('cookies are Secure when the request came over TLS', async () => {
    running.context.visit.secure = true;
    try {
      expect(String((await html('/login')).headers['set-cookie'])).toContain('; Secure');
    } finally {
      delete running.context.visit.secure;
    }
  });
});

test('the content policy allows nothing inline and nothing from elsewhere', async () => {
  const answer = await html('/');
  expect(answer.headers['content-security-policy']).toBe(
    "default-src 'none';style-src 'self';script-src 'self';img-src 'self';font-src 'self';connect-src 'self';manifest-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none'",
  );
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(answer.text).not.toMatch(/ style="|<style|<script(?![^>]* src=)| on[a-z]+="/);
});
