import { createServer, type IncomingMessage } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { trustedProxyList } from '../../../src/config.ts';
import { clientAddress, isDirectLoopback, isSecure } from '../../../src/engine/client.ts';
import { prefersJson } from '../../../src/engine/request/answer/accept.ts';
import { createRefusals } from '../../../src/engine/request/answer/refusal.ts';

const from = (remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage;

const KEEP = 'connection: keep-alive\r\n';

describe('the visitor’s address', () => {
  const trusted = trustedProxyList(['10.0.0.0/8', '::1']);
  test.each([
    ['a claim of an untrusted peer is ignored', from('203.0.113.9', { 'x-forwarded-for': '1.2.3.4' }), '203.0.113.9'],
    [
      'behind a trusted proxy it is the nearest untrusted hop',
      from('10.0.0.1', { 'x-forwarded-for': '6.6.6.6, 198.51.100.7' }),
      '198.51.100.7',
    ],
    ['trusted hops are passed over', from('10.0.0.1', { 'x-forwarded-for': '198.51.100.7, 10.9.9.9' }), '198.51.100.7'],
    [
      'rubbish ends the search at the proxy',
      from('10.0.0.1', { 'x-forwarded-for': '198.51.100.7, rubbish' }),
      '10.0.0.1',
    ],
    ['IPv4 in IPv6 is IPv4', from('::ffff:203.0.113.9'), '203.0.113.9'],
    [
      'what a visitor claims in front of the proxy’s own word is not reached',
      from('10.0.0.1', { 'x-forwarded-for': '127.0.0.1, 10.0.0.2, 203.0.113.9' }),
      '203.0.113.9',
    ],
    [
      'a chain of trusted proxies alone is the farthest of them',
      from('10.0.0.1', { 'x-forwarded-for': '10.0.0.3, 10.0.0.2' }),
      '10.0.0.3',
    ],
    [
      'hops may be IPv6, or IPv4 in it',
      from('::1', { 'x-forwarded-for': '2001:db8::7, ::ffff:10.0.0.2' }),
      '2001:db8::7',
    ],
    ['an address with a port is no address', from('10.0.0.1', { 'x-forwarded-for': '6.6.6.6:80' }), '10.0.0.1'],
    ['empty hops are no address', from('10.0.0.1', { 'x-forwarded-for': '6.6.6.6,' }), '10.0.0.1'],
    ['an unknown peer is unknown', from(undefined as never, { 'x-forwarded-for': '6.6.6.6' }), ''],
  ])('%s', (_name, request, address) => {
    expect(clientAddress(request, trusted)).toBe(address);
  });

  test('TLS is believed of a trusted proxy alone', () => {
    expect(isSecure(from('10.0.0.1', { 'x-forwarded-proto': 'https' }), trusted)).toBe(true);
    expect(isSecure(from('203.0.113.9', { 'x-forwarded-proto': 'https' }), trusted)).toBe(false);
  });

  test('a direct client of this machine has no sign of a proxy', () => {
    const host = 'localhost:3000';
    expect(isDirectLoopback(from('::ffff:127.0.0.1', { host }))).toBe(true);
    for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'x-real-ip', 'via'])
      expect(isDirectLoopback(from('127.0.0.1', { host, [name]: 'x' }))).toBe(false);
    expect(isDirectLoopback(from('127.0.0.1', { host: 'example.org' }))).toBe(false);
    expect(isDirectLoopback(from('203.0.113.9', { host }))).toBe(false);
  });
});

describe('not now', () => {
  const refusals = createRefusals({ siteName: '<b>"Me"</b>', extraHeaders: [] });
  test('is a page that reloads itself for people, JSON for programs, with a spread Retry-After', () => {
    const seconds = new Set<string>();
    for (let step = 0; step < 50; step++) {
      const text = refusals.bytes('text/html', KEEP, step / 50, 0).toString();
      seconds.add(/retry-after: (\d)/.exec(text)?.[1] ?? '');
      expect(text).not.toContain('<b>');
      const [head = '', body = ''] = text.split('\r\n\r\n');
      expect(/\r\nrefresh: (\d)/.exec(head)?.[1]).toBe(/retry-after: (\d)/.exec(head)?.[1]);
      expect(body).toContain('<a href="">Try now</a>');
      expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
    }
    expect([...seconds].sort()).toEqual(['1', '2', '3', '4', '5']);
    const json = refusals.bytes('application/json', 'connection: close\r\n', 0, 0).toString();
    expect(JSON.parse(json.split('\r\n\r\n')[1] ?? '')).toMatchObject({ error: { status: 503, retryAfterSeconds: 1 } });
    expect(json).toContain('connection: close');
  });

  test('is the same over a socket and through node:http, with no body for HEAD', async () => {
    const server = createServer((request, response) => refusals.write(request, response, 0.5));
    const answer = await supertest(server).get('/').set('accept', 'text/html').expect(503);
    expect(answer.headers).toMatchObject({ 'retry-after': '3', 'cache-control': 'no-store' });
    const [head = '', body = ''] = refusals.bytes('text/html', KEEP, 0.5, Date.now()).toString().split('\r\n\r\n');
    expect(answer.text).toBe(body);
    for (const name of ['content-type', 'content-length', 'retry-after', 'content-security-policy'])
      expect(head).toContain(`${name}: ${answer.headers[name]}\r\n`);
    const asked = await supertest(server).head('/').expect(503);
    expect(asked.headers['content-length']).toBe(answer.headers['content-length']);
    expect(asked.text).toBeUndefined();
  });

  test.each([
    ['was not looked at says that it was not taken', false, 'what you sent was not taken'],
    ['the site had begun says that it was perhaps not taken', true, 'what you sent was perhaps not taken'],
  ])('to a form that %s, and never reloads itself', async (_name, begun, words) => {
    const server = createServer((request, response) => refusals.write(request, response, 0.5, begun));
    for (const method of ['post', 'put', 'delete'] as const) {
      const answer = await supertest(server)[method]('/').set('accept', 'text/html').expect(503);
      expect(answer.headers.refresh).toBeUndefined();
      expect(answer.text).not.toMatch(/refresh|tries again|href/);
      expect(answer.text).toContain(words);
      expect(answer.text).toContain('what you typed is kept. Send it again in 3 seconds.');
      expect(answer.headers['retry-after']).toBe('3');
    }
  });

  test('has the date of its second', () => {
    const date = (now: number): string => /date: (.*)\r/.exec(refusals.bytes(undefined, KEEP, 0, now).toString())![1]!;
    expect([date(1_000), date(1_999), date(2_000)].map((text) => Date.parse(text))).toEqual([1_000, 1_000, 2_000]);
  });
});

test('who likes JSON better gets it', () => {
  expect([undefined, '*/*', 'text/html,application/json;q=0.9', 'application/problem+json'].map(prefersJson)).toEqual([
    false,
    false,
    false,
    true,
  ]);
});
