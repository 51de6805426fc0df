import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import request from 'supertest';
import { PoolFullError } from '../../../src/engine/pool/errors.ts';
import { openWriter } from '../../../src/site/data/open.ts';
import { credentialsByName, insertUser, setPasswordHash } from '../../../src/site/data/users.ts';
import { Browser } from '../browser.ts';
import { oldHash } from '../old-hash.ts';
import { addUser, PASSWORD, signIn } from '../people.ts';
import { type SiteServer, siteServer } from '../site-server.ts';

let running: SiteServer;
let browser: Browser;

beforeEach(async () => {
  running = await siteServer();
  browser = new Browser(running.server);
});
afterEach(() => running.stop());

const tokenOf = (text: string): string => /name="_csrf" value="([^"]+)"/.exec(text)![1]!;
const credentials = { name: 'ada', password: PASSWORD };

describe('a form', () => {
  test('without a token is refused, and nothing happens', async () => {
    addUser(running.context.settings.dataDir, 'ada');
    const answer = await browser.post('/login', credentials);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('nothing was changed');
    expect(browser.cookies.has('tahan_session')).toBe(false);
  });

  test('with the token of another visitor is refused', async () => {
    const stolen = tokenOf((await new Browser(running.server).get('/login')).text);
    await browser.get('/login');
    expect((await browser.post('/login', { ...credentials, _csrf: stolen })).status).toBe(403);
  });

  test('with a cookie that this site did not sign is refused', async () => {
    const token = tokenOf((await browser.get('/login')).text);
    browser.cookies.set('tahan_form', `${browser.cookies.get('tahan_form')!.split('.')[0]}.forged`);
    expect((await browser.post('/login', { ...credentials, _csrf: token })).status).toBe(403);
  });

  test('of a member needs the token of the session, not the one from before it', async () => {
    addUser(running.context.settings.dataDir, 'ada');
    const before = tokenOf((await browser.get('/login')).text);
    await signIn(browser, 'ada');
    expect((await browser.post('/account/profile', { _csrf: before, displayName: 'x', bio: '' })).status).toBe(403);
    expect((await browser.submit('/account', '/account/profile', { displayName: 'Ada', bio: '' })).status).toBe(303);
  });

  test.each([
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'none' },
    { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://localhost:3000' },
    { 'Sec-Fetch-Site': '', Origin: 'https://evil.example' },
    { 'Sec-Fetch-Site': '', Origin: 'null' },
  ])('sent as %j is refused, with the right token', async (headers) => {
    expect(
      (await browser.submit('/login', '/login', credentials, headers as unknown as Record<string, string>)).status,
    ).toBe(403);
  });

  test('with the site’s own origin is accepted', async () => {
    addUser(running.context.settings.dataDir, 'ada');
    expect(
      (await browser.submit('/login', '/login', credentials, { 'Sec-Fetch-Site': '', Origin: 'http://localhost:3000' }))
        .status,
    ).toBe(303);
  });

  test('every route that takes a write refuses one without a token', async () => {
    addUser(running.context.settings.dataDir, 'edna', 'editor');
    await signIn(browser, 'edna');
    const writes = running.site.policies!.filter(({ methods }) => methods?.includes('POST') ?? true);
    expect(writes.length).toBeGreaterThan(10);
    for (const { route } of writes) {
      const answer = await browser.post(route.replace(/:\w+/g, '1'), {});
      expect([route, answer.status]).toEqual([route, 403]);
    }
  });
});

describe('signing in', () => {
  test('says the same for an unknown name and a wrong password', async () => {
    addUser(running.context.settings.dataDir, 'ada');
    const form = /<form method="post" action="\/login">[\s\S]*?<\/form>/;
    const wrong = await browser.submit('/login', '/login', { name: 'ada', password: 'wrong' });
    const unknown = await browser.submit('/login', '/login', { name: 'nobody', password: 'wrong' });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.text.match(form)![0]).toBe(unknown.text.match(form)![0].replace('"nobody"', '"ada"'));
    expect(wrong.text).not.toContain('value="wrong"');
  });

  test('gives a new session each time, and ends the one before', async () => {
    addUser(running.context.settings.dataDir, 'ada');
    await signIn(browser, 'ada');
    const first = browser.cookies.get('tahan_session')!;
    expect((await browser.submit('/account', '/login', credentials)).status).toBe(303);
    const second = browser.cookies.get('tahan_session')!;
    expect(second).not.toBe(first);
    const old = new Browser(running.server);
    old.cookies.set('tahan_session', first);
    expect((await old.get('/account')).status).toBe(303);
  });

  test('goes on to a page of this site only', async () => {
    addUser(running.context.settings.dataDir, 'ada');
    for (const [next, location] of [
      ['/posts?tag=sea', '/posts?tag=sea'],
      ['//evil.example', '/dashboard'],
      ['/%5Cevil.example', '/dashboard'],
      ['https://evil.example', '/dashboard'],
    ] as const) {
      const fresh = new Browser(running.server);
      expect((await fresh.submit('/login', '/login', { ...credentials, next })).headers.location).toBe(location);
    }
    expect((await browser.get('/login?next=//evil.example')).text).toContain('name="next" value="/dashboard"');
  });

  test('ten wrong passwords for one account are enough for a while; a good one before that resets the count', async () => {
    addUser(running.context.settings.dataDir, 'ada');
    running.context.failing.clear();
    const attempt = (password: string) => browser.submit('/login', '/login', { name: 'ADA', password });
    for (let time = 0; time < 3; time += 1) expect((await attempt('wrong')).status).toBe(401);
    expect((await attempt(PASSWORD)).status).toBe(303);
    browser = new Browser(running.server);
    for (let time = 0; time < 10; time += 1) expect((await attempt('wrong')).status).toBe(401);
    const refused = await attempt(PASSWORD);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.text).toContain('A little slower, please');
  }, 60_000);
});

describe('a blocked address', () => {
  /** Sends it from another address. */
  const from = async (clientAddress: string, submit: () => ReturnType<Browser['submit']>): Promise<number> => {
    running.context.visit.clientAddress = clientAddress;
    try {
      return (await submit()).status;
    } finally {
      delete running.context.visit.clientAddress;
    }
  };
  const times = async (count: number, work: () => Promise<number>): Promise<Set<number>> => {
    const seen = new Set<number>();
    for (let time = 0; time < count; time += 1) seen.add(await work());
    return seen;
  };

  test('does not use up the tries of an account', async () => {
    addUser(running.context.settings.dataDir, 'ada');
    const attempt = (name: string) => () =>
      from('203.0.113.9', () => browser.submit('/login', '/login', { name, password: 'wrong' }));
    for (const name of ['a1', 'a2', 'a3']) expect(await times(10, attempt(name))).toEqual(new Set([401]));
    expect(await times(11, attempt('ada'))).toEqual(new Set([429]));
    expect(await from('198.51.100.7', () => browser.submit('/login', '/login', credentials))).toBe(303);
  }, 60_000);

  test('does not use up the tries of a name that somebody wants to register', async () => {
    const { dataDir } = running.context.settings;
    for (let number = 0; number < 20; number += 1) addUser(dataDir, `taken${number}`);
    let number = 0;
    const register = (name: () => string) => () =>
      from('203.0.113.9', () => browser.submit('/register', '/register', { name: name(), password: PASSWORD }));
    expect(
      await times(
        20,
        register(() => `taken${number++}`),
      ),
    ).toEqual(new Set([422]));
    expect(
      await times(
        11,
        register(() => 'newcomer'),
      ),
    ).toEqual(new Set([429]));
    const honest = () => browser.submit('/register', '/register', { name: 'newcomer', password: PASSWORD });
    expect(await from('198.51.100.7', honest)).toBe(303);
  });

  test('does not use up the tries of a member who wants another password', async () => {
    const { dataDir } = running.context.settings;
    const change = (person: Browser, currentPassword: string) => () =>
      from('203.0.113.9', () =>
        person.submit('/account', '/account/password', { currentPassword, newPassword: 'another long password' }),
      );
    for (const name of ['ben', 'cem', 'dan']) {
      addUser(dataDir, name);
      const person = new Browser(running.server);
      await signIn(person, name);
      expect(await times(10, change(person, 'wrong'))).toEqual(new Set([422]));
    }
    addUser(dataDir, 'ada');
    await signIn(browser, 'ada');
    expect(await times(11, change(browser, PASSWORD))).toEqual(new Set([429]));
    const answer = await browser.submit('/account', '/account/password', {
      currentPassword: PASSWORD,
      newPassword: 'another long password',
    });
    expect(answer.status).toBe(303);
  }, 60_000);
});

describe('a member with an old scrypt hash', () => {
  const oldMember = (): void => {
    const db = openWriter(running.context.settings.dataDir);
    const passwordHash = oldHash(PASSWORD, 10);
    insertUser(db, { name: 'ada', displayName: 'ada', role: 'member', passwordHash, createdAt: 1 });
    db.close();
  };

  test('signs in by the slow task, and the next time by the quick one', async () => {
    oldMember();
    running.context.failing.set('signInSlowly', new PoolFullError('signInSlowly', 1));
    expect((await browser.submit('/login', '/login', credentials)).status).toBe(503);
    running.context.failing.clear();
    await signIn(browser, 'ada');
    running.context.failing.set('signInSlowly', new Error('not to be called'));
    await signIn(new Browser(running.server), 'ada');
  });

  test('changes the password by the slow task', async () => {
    oldMember();
    const db = openWriter(running.context.settings.dataDir);
    const keep = credentialsByName(db, 'ada')!;
    await signIn(browser, 'ada');
    setPasswordHash(db, keep.id, keep.passwordHash);
    db.close();
    const change = { currentPassword: PASSWORD, newPassword: 'another long password' };
    running.context.failing.set('changePasswordSlowly', new PoolFullError('changePasswordSlowly', 1));
    expect((await browser.submit('/account', '/account/password', change)).status).toBe(503);
    running.context.failing.clear();
    expect((await browser.submit('/account', '/account/password', change)).status).toBe(303);
  });
});

describe('registering', () => {
  test('too many accounts from one address are refused', async () => {
    const { dataDir } = running.context.settings;
    for (let number = 0; number < 20; number += 1) addUser(dataDir, `taken${number}`);
    for (let number = 0; number < 20; number += 1) {
      expect(
        (await browser.submit('/register', '/register', { name: `taken${number}`, password: PASSWORD })).status,
      ).toBe(422);
    }
    expect((await browser.submit('/register', '/register', { name: 'newcomer', password: PASSWORD })).status).toBe(429);
  });
});

describe('the own sessions', () => {
  test('are listed, and can be ended one by one or all but this one', async () => {
    addUser(running.context.settings.dataDir, 'ada');
    const others = [new Browser(running.server), new Browser(running.server), new Browser(running.server)];
    for (const other of others) await signIn(other, 'ada');
    await signIn(browser, 'ada');
    const page = await browser.get('/account');
    const ids = [...page.text.matchAll(/name="session" value="(\d+)"/g)].map(([, id]) => id!);
    expect(ids).toHaveLength(4);
    expect((await browser.submit('/account', '/account/sessions', { session: ids[1]! })).headers.location).toBe(
      '/account?notice=session',
    );
    expect((await others[2]!.get('/account')).status).toBe(303);
    expect((await others[1]!.get('/account')).status).toBe(200);
    await browser.submit('/account', '/account/sessions', { session: 'others' });
    expect((await others[0]!.get('/account')).status).toBe(303);
    expect((await browser.get('/account')).status).toBe(200);
  });

  test('of others cannot be ended', async () => {
    addUser(running.context.settings.dataDir, 'ada');
    addUser(running.context.settings.dataDir, 'eve');
    const eve = new Browser(running.server);
    await signIn(browser, 'ada');
    await signIn(eve, 'eve');
    const id = /name="session" value="(\d+)"/.exec((await browser.get('/account')).text)![1]!;
    expect((await eve.submit('/account', '/account/sessions', { session: id })).status).toBe(404);
    expect((await browser.get('/account')).status).toBe(200);
  });

  test('end with a new password, but for the one it was changed in', async () => {
    addUser(running.context.settings.dataDir, 'ada');
    const other = new Browser(running.server);
    await signIn(other, 'ada');
    await signIn(browser, 'ada');
    const wrong = await browser.submit('/account', '/account/password', {
      currentPassword: 'wrong',
      newPassword: 'another long password',
    });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('That is not your current password.');
    expect(wrong.text).not.toContain('another long password');
    expect(
      (
        await browser.submit('/account', '/account/password', {
          currentPassword: PASSWORD,
          newPassword: 'another long password',
        })
      ).status,
    ).toBe(303);
    expect((await browser.get('/account')).status).toBe(200);
    expect((await other.get('/account')).status).toBe(303);
  });
});

test('a profile shows what a member wrote as text', async () => {
  addUser(running.context.settings.dataDir, 'ada');
  await signIn(browser, 'ada');
  await browser.submit('/account', '/account/profile', {
    displayName: '<img src=x onerror=alert(1)>',
    bio: '"><script>alert(1)</script>',
  });
  const page = await request(running.server).get('/u/ada');
  expect(page.text).toContain('&lt;img src=x onerror=alert(1)&gt;');
  expect(page.text).not.toMatch(/<img src=x|<script>alert/);
  expect(running.context.purges.at(-1)).toEqual([expect.stringMatching(/^user-\d+$/), 'members']);
});
