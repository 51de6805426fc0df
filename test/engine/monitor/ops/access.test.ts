import { afterEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { isForeign } from '../../../../src/engine/foreign.ts';
import { csrfOf, isSession, makeSession, rightsOf, SESSION_MS } from '../../../../src/engine/monitor/ops/access.ts';
import { type Fixture, fixture, TOKEN } from './fixture.ts';

const open: Fixture[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});
const place = (options: Parameters<typeof fixture>[0] = {}): Fixture => {
  const made = fixture(options);
  open.push(made);
  return made;
};
const NOW = 1_800_000_000_000;
const OPEN = { token: TOKEN, openReading: true };
const note = { do: 'note', text: 'hello' };

describe('what a request may do', () => {
  test('on loopback reading needs nothing, and acting needs the token', () => {
    expect(rightsOf({}, OPEN, NOW)).toMatchObject({ read: true, act: expect.stringContaining('Sign in') });
    expect(rightsOf({ authorization: `Bearer ${TOKEN}` }, OPEN, NOW)).toMatchObject({ read: true, act: undefined });
    expect(rightsOf({ authorization: 'Bearer another-token-than' }, OPEN, NOW)).toMatchObject({ wrongToken: true });
  });

  test('off loopback, and behind a proxy, reading needs the token, too', () => {
    expect(rightsOf({}, { token: TOKEN, openReading: false }, NOW).read).toBe(false);
    expect(rightsOf({ 'x-forwarded-for': '203.0.113.9' }, OPEN, NOW).read).toBe(false);
    expect(rightsOf({ forwarded: 'for=203.0.113.9', authorization: `Bearer ${TOKEN}` }, OPEN, NOW).read).toBe(true);
  });

  test('a session holds for a working day, for this token, and not a byte of it may change', () => {
    const session = makeSession(TOKEN, NOW);
    expect(isSession(TOKEN, session, NOW + SESSION_MS - 1)).toBe(true);
    expect(isSession(TOKEN, session, NOW + SESSION_MS)).toBe(false);
    expect(isSession('another-token-for-it', session, NOW)).toBe(false);
    expect(isSession(TOKEN, session.replace(/^./, '9'), NOW)).toBe(false);
    expect(isSession(TOKEN, '', NOW)).toBe(false);
  });

  test('a session acts only with its own word, and never for a page of another origin', () => {
    const session = makeSession(TOKEN, NOW);
    const cookie = `a=b; tahan_ops=${session}`;
    const csrf = csrfOf(TOKEN, session);
    expect(rightsOf({ cookie }, OPEN, NOW).act).toContain('load it again');
    expect(rightsOf({ cookie, 'x-tahan-csrf': csrf }, OPEN, NOW).act).toBeUndefined();
    expect(rightsOf({ cookie, 'x-tahan-csrf': csrf, 'sec-fetch-site': 'cross-site' }, OPEN, NOW).act).toContain(
      'elsewhere',
    );
    expect(
      rightsOf({ authorization: `Bearer ${TOKEN}`, origin: 'http://evil.example', host: 'localhost:9464' }, OPEN, NOW)
        .act,
    ).toContain('elsewhere');
  });

  test('what is foreign is told by Fetch Metadata, or by the origin', () => {
    expect(isForeign({ 'sec-fetch-site': 'same-origin' })).toBe(false);
    expect(isForeign({ 'sec-fetch-site': 'same-site' })).toBe(true);
    expect(isForeign({ origin: 'http://localhost:9464', host: 'localhost:9464' })).toBe(false);
    expect(isForeign({ origin: 'null', host: 'localhost:9464' })).toBe(true);
    expect(isForeign({})).toBe(false);
  });
});

describe('the server', () => {
  test('shows page and data to whoever is on this machine, with a strict policy', async () => {
    const { server } = place();
    const page = await supertest(server).get('/ops').expect(200);
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    await supertest(server).get('/ops/api/events?from=1&to=2').expect(200, []);
  });

  test('off loopback shows the sign-in only, and gives no data', async () => {
    const { server } = place({ openReading: false });
    expect((await supertest(server).get('/ops').expect(401)).text).toContain('Operator token');
    for (const path of [
      'now',
      'stream',
      'history?from=1&to=2',
      'events?from=1&to=2',
      'alerts',
      'incidents',
      'traffic?from=1&to=2',
      'profiles',
    ])
      await supertest(server).get(`/ops/api/${path}`).expect(401);
    await supertest(server).get('/ops/api/alerts').set('authorization', `Bearer ${TOKEN}`).expect(200);
  });

  test('signs in with the token: the cookie is HttpOnly and SameSite=Strict, and acts with its word', async () => {
    const { server, actions } = place({ openReading: false });
    const signed = await supertest(server).post('/ops/sign-in').type('form').send({ token: TOKEN }).expect(303);
    const cookie = String(signed.headers['set-cookie']);
    expect(cookie).toMatch(/; Path=\/ops; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const session = cookie.split(';')[0]!;
    const { body } = await supertest(server).get('/ops/api/now').set('cookie', session).expect(200);
    await supertest(server).post('/ops/api/actions').set('cookie', session).send(note).expect(403);
    await supertest(server)
      .post('/ops/api/actions')
      .set('cookie', session)
      .set('x-tahan-csrf', body.csrf)
      .send(note)
      .expect(200);
    expect(actions).toEqual([note]);
  });

  test('an action without the token does nothing, on loopback too; nor does one of a page elsewhere', async () => {
    const { server, actions } = place();
    await supertest(server).post('/ops/api/actions').send(note).expect(403);
    const foreign = { authorization: `Bearer ${TOKEN}`, 'sec-fetch-site': 'cross-site' };
    await supertest(server).post('/ops/api/actions').set(foreign).send(note).expect(403);
    await supertest(server).get('/ops/api/stream').set('sec-fetch-site', 'cross-site').expect(403);
    expect(actions).toEqual([]);
  });

  test('an address that sends wrong tokens has to wait, even with the right one; others do not', async () => {
    const { server } = place();
    const send = (token: string, from: string) =>
      supertest(server).post('/ops/sign-in').set('x-tahan-remote', from).type('form').send({ token });
    for (let wrong = 0; wrong < 5; wrong++) await send('wrong-token', '198.51.100.7').expect(401);
    await send(TOKEN, '198.51.100.7').expect(429);
    await send(TOKEN, '198.51.100.8').expect(303);
  });

  test('wrong Bearer tokens count, too, and many addresses together get no further', async () => {
    const { server } = place();
    const send = (from: string) =>
      supertest(server).get('/ops/api/alerts').set('x-tahan-remote', from).set('authorization', 'Bearer wrong-token');
    for (let wrong = 0; wrong < 5; wrong++) await send('198.51.100.7').expect(401);
    await send('198.51.100.7').expect(429);
    for (let address = 0; address < 55; address++) await send(`203.0.113.${address}`).expect(401);
    await send('203.0.113.200').expect(429);
  });
});
