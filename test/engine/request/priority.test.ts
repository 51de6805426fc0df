import { describe, expect, test } from '@jest/globals';
import { type Asking, isCrawler, priorityOf } from '../../../src/engine/request/priority.ts';
import { compileRoutes } from '../../../src/engine/routes.ts';
import type { RoutePolicy } from '../../../src/engine/site.ts';

describe('a declared crawler', () => {
  test.each([
    ['Googlebot', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'],
    [
      'Googlebot for phones',
      'Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    ],
    ['Googlebot-Image', 'Googlebot-Image/1.0'],
    ['GoogleOther', 'GoogleOther'],
    ['AdsBot', 'AdsBot-Google (+http://www.google.com/adsbot.html)'],
    [
      'bingbot',
      'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36',
    ],
    ['Yahoo', 'Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)'],
    ['DuckDuckBot', 'DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)'],
    ['Baidu', 'Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)'],
    ['Yandex', 'Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)'],
    ['Naver', 'Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)'],
    [
      'Applebot',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)',
    ],
    ['PetalBot', 'Mozilla/5.0 (compatible;PetalBot;+https://webmaster.petalsearch.com/site/petalbot)'],
    ['the Internet Archive', 'Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)'],
    ['Common Crawl', 'CCBot/2.0 (https://commoncrawl.org/faq/)'],
    [
      'GPTBot',
      'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
    ],
    [
      'ClaudeBot',
      'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)',
    ],
    [
      'PerplexityBot',
      'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)',
    ],
    ['Bytespider', 'Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com)'],
    ['Meta', 'meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)'],
    ['Ahrefs', 'Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)'],
    ['Semrush', 'Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)'],
    ['Scrapy', 'Scrapy/2.11.2 (+https://scrapy.org)'],
  ])('is %s', (_name, userAgent) => {
    expect(isCrawler(userAgent)).toBe(true);
  });

  test.each([
    ['curl', 'curl/8.9.1'],
    ['wget', 'Wget/1.24.5'],
    ['okhttp', 'okhttp/4.12.0'],
    ['node', 'node'],
    ['node-fetch', 'node-fetch/1.0 (+https://github.com/bitinn/node-fetch)'],
    ['undici', 'undici'],
    ['python-requests', 'python-requests/2.32.3'],
    ['aiohttp', 'Python/3.12 aiohttp/3.10.5'],
    ['Go', 'Go-http-client/2.0'],
    ['axios', 'axios/1.7.7'],
    ['Postman', 'PostmanRuntime/7.42.0'],
    ['Java', 'Java/21.0.4'],
    ['an app', 'Shop/5.1 CFNetwork/1568.100.1 Darwin/24.0.0'],
    ['no name at all', ''],
    // A person waits for these.
    ['a preview in Slack', 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)'],
    ['a preview in Facebook', 'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)'],
    ['a preview in X', 'Twitterbot/1.0'],
    ['a preview in Discord', 'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)'],
    ['a preview in Telegram', 'TelegramBot (like TwitterBot)'],
    ['a preview in WhatsApp', 'WhatsApp/2.24.20.89 A'],
    [
      'a question to ChatGPT',
      'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ChatGPT-User/1.0; +https://openai.com/bot)',
    ],
    ['a monitor', 'Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)'],
    ['Firefox', 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'],
    [
      'Chrome',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36',
    ],
    [
      'Safari on a phone',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1',
    ],
    [
      'a phone called Cubot',
      'Mozilla/5.0 (Linux; Android 12; CUBOT P60) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Mobile Safari/537.36',
    ],
    [
      'a phone called Cubot, with its build',
      'Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.91 Mobile Safari/537.36',
    ],
  ])('is not %s', (_name, userAgent) => {
    expect(isCrawler(userAgent)).toBe(false);
  });

  test('is one behind whatever long text follows its name', () => {
    expect(isCrawler(`Googlebot/2.1 ${'x'.repeat(5_000)}`)).toBe(true);
    expect(isCrawler(`Mozilla/5.0 ${'x'.repeat(5_000)} Googlebot/2.1`)).toBe(false);
  });
});

describe('the priority', () => {
  const of = (policy: Partial<RoutePolicy>, asking: Partial<Asking> = {}, member = false): string =>
    priorityOf(
      { method: 'GET', url: '/', headers: {}, ...asking },
      compileRoutes([{ route: '/', ...policy }]).all[0]!,
      member,
    );

  test('is by kind: writes, members, crawlers, the rest', () => {
    const headers = { 'user-agent': 'Googlebot/2.1' };
    expect([
      of({}, { method: 'POST', headers }),
      of({}, { headers }, true),
      of({}, { headers }),
      of({}, { method: 'HEAD' }),
      of({}),
    ]).toEqual(['critical', 'normal', 'background', 'low', 'low']);
  });

  test('is what the policy says, or its function, unless that is none', () => {
    expect(of({ priority: 'normal' }, { headers: { 'user-agent': 'Googlebot/2.1' } })).toBe('normal');
    expect(of({ priority: ({ url }) => (url === '/' ? 'critical' : 'low') })).toBe('critical');
    expect(of({ priority: (() => 'urgent') as never })).toBe('low');
  });
});
