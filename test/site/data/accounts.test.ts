import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { siteCounts } from '../../../src/site/data/counts.ts';
import {
  deleteSession,
  deleteSessionsOf,
  insertSession,
  MAX_SESSIONS_PER_USER,
  newSessionId,
  SESSION_MS,
  sessionsOf,
  sessionUser,
  touchSession,
} from '../../../src/site/data/sessions.ts';
import {
  credentialsByName,
  deleteUser,
  insertUser,
  newestUsers,
  userByName,
  userPage,
} from '../../../src/site/data/users.ts';
import { addUser, type TempData, tempData } from './temp-data.ts';

let data: TempData;

beforeEach(() => {
  data = tempData();
});
afterEach(() => data.remove());

const begin = (userId: number, now: number): string => {
  const sessionId = newSessionId();
  insertSession(data.db, { sessionId, userId, userAgent: 'Browser '.repeat(50), now });
  return sessionId;
};

describe('users', () => {
  test('have names of their own, in upper or lower case', () => {
    addUser(data.db, 'Anna');
    expect(
      insertUser(data.db, { name: 'aNNA', displayName: '', role: 'member', passwordHash: '*', createdAt: 1 }),
    ).toBeUndefined();
    expect(userByName(data.db, 'ANNA')?.name).toBe('Anna');
    expect(credentialsByName(data.db, 'anna')?.passwordHash).toBe('*');
    expect(siteCounts(data.db).users).toBe(1);
  });

  test('are listed newest first, in pages, without what is secret', () => {
    for (let n = 1; n <= 12; n += 1) addUser(data.db, `user-${n}`, { createdAt: n });
    expect(newestUsers(data.db, 2).map(({ name }) => name)).toEqual(['user-12', 'user-11']);
    expect(userPage(data.db, { page: 2, perPage: 5 })).toMatchObject({
      total: 12,
      pages: 3,
      items: [{ name: 'user-7' }, {}, {}, {}, { name: 'user-3' }],
    });
    expect(JSON.stringify(newestUsers(data.db, 2))).not.toContain('asswordHash');
  });
});

describe('sessions', () => {
  test('are found by their id, until they expire', () => {
    const anna = addUser(data.db, 'anna');
    const sessionId = begin(anna, 5_000);
    expect(sessionUser(data.db, sessionId, 5_001)).toMatchObject({
      user: { id: anna, name: 'anna', createdAt: 1_000 },
      session: { userId: anna, createdAt: 5_000 },
    });
    expect(sessionUser(data.db, sessionId, 5_000 + SESSION_MS)).toBeUndefined();
    expect(sessionUser(data.db, 'made up', 5_001)).toBeUndefined();
  });

  test('are kept so that who reads the file cannot use them', () => {
    const sessionId = begin(addUser(data.db, 'anna'), 1);
    expect(JSON.stringify(data.db.prepare('SELECT * FROM sessions').all())).not.toContain(sessionId);
  });

  test('are bounded per user: the oldest ends, others stay', () => {
    const [anna, ben] = [addUser(data.db, 'anna'), addUser(data.db, 'ben')];
    const bens = begin(ben, 1);
    const ids = Array.from({ length: MAX_SESSIONS_PER_USER + 3 }, (_, n) => begin(anna, 10 + n));
    expect(sessionsOf(data.db, anna, 100)).toHaveLength(MAX_SESSIONS_PER_USER);
    expect(ids.map((id) => sessionUser(data.db, id, 100) !== undefined)).toEqual(ids.map((_, n) => n >= 3));
    expect(sessionUser(data.db, bens, 100)).toBeDefined();
    expect(sessionsOf(data.db, anna, 100)[0]?.userAgent).toHaveLength(120);
  });

  test('that expired are cleared away by the sign-in of anybody', () => {
    begin(addUser(data.db, 'anna'), 1);
    begin(addUser(data.db, 'ben'), 2 + SESSION_MS);
    expect(data.db.prepare('SELECT count(*) FROM sessions').pluck().get()).toBe(1);
  });

  test('are ended by their owner alone, one or all others, and with the user', () => {
    const [anna, ben] = [addUser(data.db, 'anna'), addUser(data.db, 'ben')];
    const keep = begin(anna, 1);
    begin(anna, 2);
    begin(anna, 3);
    const [last] = sessionsOf(data.db, anna, 4);
    expect(deleteSession(data.db, ben, last!.id)).toBe(false);
    expect(deleteSession(data.db, anna, last!.id)).toBe(true);
    expect(deleteSessionsOf(data.db, anna, keep)).toBe(1);
    expect(sessionUser(data.db, keep, 4)).toBeDefined();
    deleteUser(data.db, anna);
    expect(sessionUser(data.db, keep, 4)).toBeUndefined();
  });

  test('remember when they were seen last', () => {
    const anna = addUser(data.db, 'anna');
    begin(anna, 10);
    const { id } = sessionsOf(data.db, anna, 11)[0]!;
    touchSession(data.db, id, 50);
    touchSession(data.db, id, 40);
    expect(sessionsOf(data.db, anna, 51)[0]?.lastSeenAt).toBe(50);
  });
});
