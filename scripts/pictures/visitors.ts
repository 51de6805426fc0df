import { BROWSER } from '../load/request-bytes.ts';
import type { LoadClass } from '../load/spec.ts';

/** Other browsers, and a bot that says so. */
const AGENTS = [
  BROWSER,
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.2 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
  BROWSER,
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
] as const;
const SOURCES = ['', 'https://www.google.com/', '', 'https://www.reddit.com/', 'https://chatgpt.com/', ''] as const;
/** Numbers without a common factor with the lengths above: every agent comes from every source. */
const VISITORS = 77;

/** Networks for examples (RFC 5737) and for benchmarks (RFC 2544); the last is far more often met in a surge. */
const addressOf = (n: number): string => (n % 3 === 0 ? `203.0.113.${n % 250}` : `198.18.${n % 23}.${n % 250}`);

const asVisitor = (n: number, referer: string): Record<string, string> => ({
  'User-Agent': AGENTS[n % AGENTS.length]!,
  'X-Forwarded-For': addressOf(n),
  'Accept-Language': n % 4 === 0 ? 'id-ID' : 'en-GB',
  ...(referer === '' ? {} : { Referer: referer }),
});

const visitors = (paths: readonly string[], refererOf: (n: number) => string): NonNullable<LoadClass['variants']> =>
  Array.from({ length: VISITORS }, (_, n) => ({
    path: paths[n % paths.length]!,
    headers: asVisitor(n, refererOf(n)),
  }));

/** People of an ordinary day: pages from the cache, searches, and work that the site does for each. */
export function everyDay(posts: readonly string[]): LoadClass[] {
  const source = (n: number): string => SOURCES[n % SOURCES.length]!;
  return [
    { name: 'read', share: 6, path: '/', variants: visitors(['/', '/posts', ...posts], source) },
    { name: 'search', share: 1, path: '/search', variants: visitors(['/search?q=tree', '/search?q=nothing'], source) },
    { name: 'work', share: 2, path: '/lab/work', variants: visitors(['/lab/work?ms=5&dist=exp'], source) },
  ];
}

/** Those whom one article sends: most to one page. */
export function fromTheNews(posts: readonly string[]): LoadClass[] {
  const source = (n: number): string => (n % 4 === 0 ? SOURCES[n % SOURCES.length]! : 'https://news.example/front');
  const [launch = '/', ...others] = posts;
  return [
    { name: 'launch', share: 6, path: launch, variants: visitors([launch], source) },
    { name: 'on from there', share: 3, path: '/', variants: visitors(['/', '/posts', ...others], source) },
    { name: 'work', share: 1, path: '/lab/work', variants: visitors(['/lab/work?ms=5&dist=exp'], source) },
  ];
}
