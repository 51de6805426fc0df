import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openReader, openWriter } from '../../src/site/data/open.ts';
import { credentialsByName, insertUser } from '../../src/site/data/users.ts';
import { type Answer, patiently, startServer, stopAll, type TestServer } from '../cluster/server.ts';
import { oldHash } from './old-hash.ts';

const PASSWORD = 'a harbour for every ship';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    TAHAN_WORKERS_MIN: '2',
    TAHAN_WORKERS_MAX: '2',
    TAHAN_TRUSTED_PROXIES: '127.0.0.1',
  });
}, 120_000);
afterAll(stopAll, 60_000);

const submit = (path: string, fields: Record<string, string>, address?: string): Promise<Answer> =>
  patiently(() => send(path, fields, address));

/** A form's page, and the form sent with its token. `address` is the visitor's, as a proxy tells it. */
async function send(path: string, fields: Record<string, string>, address = '198.51.100.7'): Promise<Answer> {
  const headers = { Accept: 'text/html', 'X-Forwarded-For': address };
  const page = await patiently(() => server.get(path, { headers }));
  const token = /name="_csrf" value="([^"]+)"/.exec(page.body)?.[1];
  if (token === undefined) throw new Error(`${path} has no form: ${page.status} ${page.body.slice(0, 500)}`);
  const set = (page.headers['set-cookie'] ?? []).map((line) => line.split(';', 1)[0]);
  return server.get(path, {
    method: 'POST',
    headers: {
      ...headers,
      Cookie: set.join('; '),
      'Content-Type': 'application/x-www-form-urlencoded',
      'Sec-Fetch-Site': 'same-origin',
    },
    body: new URLSearchParams({ _csrf: token, ...fields }).toString(),
  });
}

const sessionCookie = (answer: Answer): string =>
  answer.headers['set-cookie']!.find((line) => line.startsWith('tahan_session='))!.split(';', 1)[0]!;

const storedHash = (dataDir: string, name: string): string => {
  const db = openReader(dataDir);
  try {
    return credentialsByName(db, name)!.passwordHash;
  } finally {
    db.close();
  }
};

describe('the built-in site in a real server', () => {
  test('registers by argon2id, and lets an account with an old scrypt hash in, whose hash is renewed', async () => {
    const registered = await submit('/register', { name: 'newcomer', displayName: '', password: PASSWORD });
    expect([registered.status, registered.headers.location]).toEqual([303, '/dashboard']);
    const headers = { Cookie: sessionCookie(registered) };
    const dashboard = await patiently(() => server.get('/dashboard', { headers }));
    expect(dashboard.status).toBe(200);
    expect(storedHash(server.dataDir, 'newcomer')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);

    const db = openWriter(server.dataDir);
    const passwordHash = oldHash(PASSWORD, 17);
    insertUser(db, { name: 'veteran', displayName: 'V', role: 'member', passwordHash, createdAt: 1 });
    db.close();
    expect((await submit('/login', { name: 'veteran', password: 'wrong' })).status).toBe(401);
    expect(storedHash(server.dataDir, 'veteran')).toBe(passwordHash);
    const first = await submit('/login', { name: 'veteran', password: PASSWORD });
    expect(first.status).toBe(303);
    expect(storedHash(server.dataDir, 'veteran')).toMatch(/^\$argon2id\$/);
    const second = await submit('/login', { name: 'veteran', password: PASSWORD });
    expect(second.status).toBe(303);
  }, 120_000);

  test('lets a blocked address use up no account, on whichever worker it tries', async () => {
    await submit('/register', { name: 'ada', displayName: '', password: PASSWORD });
    const attempt = async (name: string): Promise<number> =>
      (await submit('/login', { name, password: 'wrong' }, '203.0.113.9')).status;
    const seen: number[] = [];
    for (let time = 0; time < 30; time += 1) seen.push(await attempt(`nobody-${time}`));
    for (let time = 0; time < 11; time += 1) seen.push(await attempt('ada'));
    expect(seen).toEqual([...Array<number>(30).fill(401), ...Array<number>(11).fill(429)]);
    expect((await submit('/login', { name: 'ada', password: PASSWORD })).status).toBe(303);
  }, 120_000);
});
