import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { trustedProxyList } from '../../src/config.ts';
import { ClientGoneError, DeadlineError, requestInfoOf, SiteRequestInfo } from '../../src/engine/request-info.ts';

const request = (headers: Record<string, string> = {}, remoteAddress = '10.0.0.1'): IncomingMessage =>
  ({ headers, socket: { remoteAddress } }) as unknown as IncomingMessage;
const trusted = trustedProxyList(['10.0.0.0/8']);

describe('what the engine knows of a request', () => {
  test('is found from its request, and from no other', () => {
    const mine = request();
    const info = new SiteRequestInfo(mine, 'normal', 1_000, trusted);
    expect(requestInfoOf(mine)).toBe(info);
    expect(() => requestInfoOf(request())).toThrow('did not come through Tahan');
  });

  test('aborts once, with the first reason, also for who asks for the signal only then', () => {
    const early = new SiteRequestInfo(request(), 'normal', 1_000, trusted);
    const reasons: unknown[] = [];
    early.signal.addEventListener('abort', () => reasons.push(early.signal.reason));
    const late = new SiteRequestInfo(request(), 'normal', 1_000, trusted);
    for (const info of [early, late]) {
      expect(info.aborted).toBe(false);
      info.abort(new DeadlineError());
      info.abort(new ClientGoneError());
      expect(info.aborted).toBe(true);
    }
    expect(reasons).toMatchObject([{ code: 'DEADLINE' }]);
    expect(late.signal).toMatchObject({ aborted: true, reason: { code: 'DEADLINE' } });
    expect(late.signal).toBe(late.signal);
  });

  test('knows the time that is left', () => {
    const info = new SiteRequestInfo(request(), 'normal', performance.now() + 1_000, trusted);
    expect(info.remainingMs()).toBeLessThanOrEqual(1_000);
    expect(new SiteRequestInfo(request(), 'low', Number.POSITIVE_INFINITY, trusted).remainingMs()).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  test('knows who comes, as a trusted proxy tells', () => {
    const headers = { 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'https' };
    const behind = new SiteRequestInfo(request(headers), 'normal', 1_000, trusted);
    expect([behind.clientAddress, behind.secure]).toEqual(['198.51.100.7', true]);
    const claimed = new SiteRequestInfo(request(headers, '203.0.113.9'), 'normal', 1_000, trusted);
    expect([claimed.clientAddress, claimed.secure]).toEqual(['203.0.113.9', false]);
  });
});
