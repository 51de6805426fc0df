import { afterEach, expect, jest, test } from '@jest/globals';
import type { Context } from 'koa';
import type { SiteSettings } from '../../../src/engine/site.ts';
import { sign } from '../../../src/site/http/cookies.ts';
import { hasSignedCookie, setSessionCookie } from '../../../src/site/http/session.ts';

const settings = { sessionSecret: 'a secret of the tests, long enough', publicUrl: '' } as SiteSettings;
const NOW = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

const isMember = (value: string): boolean =>
  hasSignedCookie({ headers: { cookie: `tahan_session=${value}` } }, settings);
const signed = (value: string): string => sign(settings.sessionSecret, 'session', value);

/** The Set-Cookie line of a session that ends then. */
function cookieUntil(expiresAt: number): string {
  const lines: string[] = [];
  const ctx = { state: { visit: { secure: false } }, append: (_name: string, line: string) => lines.push(line) };
  setSessionCookie(ctx as unknown as Context, settings, { sessionId: 'Ab_-9', expiresAt });
  return lines[0]!;
}
const cookieValue = (line: string): string => /=([^;]+)/.exec(line)![1]!;

afterEach(() => {
  jest.useRealTimers();
});

test('a session cookie makes a member until its time is over, without a database', () => {
  jest.useFakeTimers({ now: NOW });
  const line = cookieUntil(NOW + HOUR_MS);
  expect(line).toContain('; Max-Age=3600');
  expect(isMember(cookieValue(line))).toBe(true);
  jest.setSystemTime(NOW + HOUR_MS - 1);
  expect(isMember(cookieValue(line))).toBe(true);
  jest.setSystemTime(NOW + HOUR_MS);
  expect(isMember(cookieValue(line))).toBe(false);
});

test('its time cannot be changed or left out', () => {
  jest.useFakeTimers({ now: NOW });
  const [id, end, mac] = cookieValue(cookieUntil(NOW + HOUR_MS)).split('.');
  jest.setSystemTime(NOW + 2 * HOUR_MS);
  expect(isMember(`${id}.${Number(end) + 99_999}.${mac}`)).toBe(false);
  expect(isMember(`${id}.${mac}`)).toBe(false);
});

test('a cookie of an older version, without a time, is good until its session ends', () => {
  expect(isMember(signed('Ab_-9'))).toBe(true);
  expect(isMember('Ab_-9.forged')).toBe(false);
});

test.each(['a.b', 'a.', '.1', 'a.1.2', 'a b', ''])('%j is no session, even signed', (value) => {
  expect(isMember(signed(value))).toBe(false);
});
