import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Agents, readAgent } from '../../../src/engine/traffic/agent.ts';
import { answerKind } from '../../../src/engine/traffic/answer-kind.ts';
import { hashOf } from '../../../src/engine/traffic/hash.ts';
import { HyperLogLog } from '../../../src/engine/traffic/hyperloglog.ts';
import { firstLanguage } from '../../../src/engine/traffic/language.ts';
import { BoundedMemo } from '../../../src/engine/traffic/memo.ts';
import { networkOf } from '../../../src/engine/traffic/network.ts';
import { type Coming, pathOfReferrer, Sources } from '../../../src/engine/traffic/source.ts';
import { MAX_PATH, tidyPath } from '../../../src/engine/traffic/tidy-path.ts';
import { CHROME, GOOGLEBOT, IPHONE } from './fixtures/answer.ts';

describe('the source of a page view', () => {
  const sources = new Sources(['www.example.org', 'shop.example.org']);
  const of = (coming: Partial<Coming>): string => {
    const { kind, name } = sources.of({
      referrer: undefined,
      query: '',
      host: 'example.org:3000',
      fetchSite: undefined,
      ...coming,
    });
    return `${kind} ${name}`.trim();
  };

  test.each([
    [undefined, 'direct'],
    ['', 'direct'],
    ['https://www.google.co.id/', 'search Google'],
    ['https://google.com/search?q=x', 'search Google'],
    ['android-app://com.google.android.googlequicksearchbox/', 'search Google'],
    ['https://duckduckgo.com/', 'search DuckDuckGo'],
    ['https://mail.google.com/mail/u/0/', 'email Gmail'],
    ['https://gemini.google.com/app', 'assistant Gemini'],
    ['https://chatgpt.com/', 'assistant ChatGPT'],
    ['https://m.facebook.com/', 'social Facebook'],
    ['https://t.co/abc', 'social X'],
    ['https://news.ycombinator.com/item?id=1', 'social Hacker News'],
    ['https://NEWS.example:8443/a/b?c', 'referrer news.example'],
    ['https://notfacebook.com/', 'referrer notfacebook.com'],
    ['https://google.evil.example/', 'referrer google.evil.example'],
    ['http://[2001:db8::1]:80/x', 'referrer [2001:db8::1]'],
    ['not an address', 'referrer other'],
    ['https://example.org/posts', 'internal'],
    ['https://shop.example.org/', 'internal'],
    ['https://www.example.org/', 'internal'],
  ])('%s is %s', (referrer, expected) => {
    expect(of({ referrer })).toBe(expected);
  });

  test('a campaign wins over the referrer, and an e-mail says so by its medium', () => {
    const referrer = 'https://news.example/';
    expect(of({ referrer, query: 'utm_source=paper&utm_campaign=Launch+Day' })).toBe('campaign Launch Day');
    expect(of({ referrer, query: 'utm_source=letter&utm_medium=Email' })).toBe('email letter');
    expect(of({ referrer, query: 'utm_campaign=' })).toBe('referrer news.example');
    expect(of({ referrer: 'https://example.org/', query: 'utm_campaign=x' })).toBe('internal');
  });

  test('a browser that sends no referrer within the site tells it by Sec-Fetch-Site', () => {
    expect(of({ fetchSite: 'same-origin' })).toBe('internal');
    expect(of({ fetchSite: 'none' })).toBe('direct');
  });

  test('names are bounded, whatever is sent', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (referrer, query) => {
        const { name } = sources.of({ referrer, query, host: 'example.org', fetchSite: undefined });
        expect(name.length).toBeLessThanOrEqual(80);
      }),
    );
    expect(of({ query: `utm_campaign=${'x'.repeat(500)}` }).length).toBeLessThan(100);
  });

  test('the page of a referrer is its path', () => {
    expect(pathOfReferrer('https://example.org/a/b?token=1#x')).toBe('/a/b');
    expect(pathOfReferrer('https://example.org')).toBe('/');
    expect(pathOfReferrer('x')).toBeUndefined();
  });
});

describe('a user agent', () => {
  test.each([
    [CHROME, { declaredBot: false, family: 'Chrome', device: 'desktop' }],
    [IPHONE, { declaredBot: false, family: 'Safari', device: 'phone' }],
    [GOOGLEBOT, { declaredBot: true, family: 'Googlebot', device: 'other' }],
    ['curl/8.5.0', { declaredBot: true, family: 'curl', device: 'other' }],
    ['', { declaredBot: true, family: 'no user agent', device: 'other' }],
  ])('%s', (text, agent) => {
    expect(readAgent(text)).toMatchObject(agent);
  });

  test('anything else has a family all the same', () => {
    fc.assert(fc.property(fc.string({ maxLength: 2_000 }), (text) => readAgent(text).family.length <= 40));
  });

  test('of those made up at random so many are read, the others count as other until the next batch', () => {
    const agents = new Agents(100, 3);
    for (let index = 0; index < 10; index++) agents.of(`${CHROME} ${index}`);
    expect(agents.of(IPHONE).family).toBe('other');
    agents.rest();
    expect(agents.of(IPHONE).family).toBe('Safari');
  });
});

test.each([
  ['text/html; charset=utf-8', '/x.css', 'page'],
  ['text/css', '/x', 'asset'],
  ['image/png', '/x', 'asset'],
  ['application/json', '/x', 'api'],
  ['application/problem+json', '/x', 'api'],
  [undefined, '/assets/site.3f.css', 'asset'],
  [undefined, '/api/posts', 'api'],
  [undefined, '/feed.xml', 'api'],
  [undefined, '/posts/launch', 'page'],
  ['text/plain', '/robots', 'page'],
])('an answer of type %s at %s is of kind %s', (type, path, kind) => {
  expect(answerKind(type, path)).toBe(kind);
});

test.each([
  ['id-ID,id;q=0.9,en;q=0.8', 'id'],
  ['EN', 'en'],
  ['fil-PH', 'fil'],
  ['', 'none'],
  ['*', 'other'],
  [';;;', 'other'],
])('the language of %s is %s', (header, language) => {
  expect(firstLanguage(header)).toBe(language);
});

test.each([
  ['198.51.100.7', '198.51.100.0/24'],
  ['2001:db8:abcd:12::1', '2001:db8:abcd::/48'],
  ['2001:0db8:00cd::', '2001:db8:cd::/48'],
  ['::1', '0:0:0::/48'],
  ['fe80::1%eth0', 'fe80:0:0::/48'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0::/48'],
  ['', 'other'],
  ['nonsense', 'other'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('a path is shown readable and short, and without a token of somebody', () => {
  expect(tidyPath('/posts/caf%C3%A9')).toBe('/posts/café');
  expect(tidyPath('/a%0ab')).toBe('/a%0ab');
  expect(tidyPath('/a%E2%80%AEb')).toBe('/a%E2%80%AEb');
  expect(tidyPath('/%ff')).toBe('/%ff');
  expect(tidyPath('/reset/8f14e45fceea167a5a36dedd4bea2543/done')).toBe('/reset/…/done');
  expect(tidyPath('/posts/how-we-plan-the-planting-day-of-2026')).toBe('/posts/how-we-plan-the-planting-day-of-2026');
  expect(tidyPath(`/${'x'.repeat(500)}`)).toHaveLength(MAX_PATH);
});

test('a memo table is bounded, and does not hold long texts', () => {
  let made = 0;
  const memo = new BoundedMemo(10, (key) => {
    made += 1;
    return key.length;
  });
  for (let index = 0; index < 1_000; index++) expect(memo.of(`key ${index % 37}`)).toBeGreaterThan(4);
  expect(memo.size).toBeLessThanOrEqual(10);
  memo.of('x'.repeat(5_000));
  made = 0;
  memo.of('x'.repeat(5_000));
  expect(made).toBe(1);
});

test('hashes of paths are spread evenly enough to count by', () => {
  const sketch = new HyperLogLog(12);
  for (let index = 0; index < 20_000; index++) {
    const { high, low } = hashOf(`/posts/${index}?`);
    sketch.add(high, low);
  }
  expect(Math.abs(sketch.count() / 20_000 - 1)).toBeLessThan(4 * sketch.standardError);
});
