import { ageMs } from './freshness.ts';
import type { Coding, Page } from './page.ts';

/** How a page is served, as in `Cache-Status` and the metrics. `miss`: rendered for this very visitor. */
export type Serving = 'fresh' | 'revalidate' | 'last_good' | 'miss';

/** RFC 9211. */
const CACHE_STATUS: Record<Serving, string> = {
  fresh: 'tahan; hit',
  revalidate: 'tahan; hit; detail=revalidate',
  last_good: 'tahan; hit; detail=last-good',
  miss: 'tahan; fwd=miss; stored',
};

/** Browsers ask again each time, and get a 304: a purge is then seen at once. */
const BROWSER_CACHE_CONTROL = 'public, max-age=0, must-revalidate';
/** A copy served in need must not be kept by a browser or a proxy. */
const NEED_CACHE_CONTROL = 'no-store';

export interface Answer {
  status: 200 | 304;
  /** `[name, value, name, value, ...]` for `ServerResponse.writeHead`. */
  head: string[];
  body: Buffer | undefined;
}

/** What of a request matters to a cached page. */
export interface Asked {
  acceptEncoding: string | undefined;
  ifNoneMatch: string | undefined;
}

interface Memo {
  ageSeconds: number;
  answers: Map<string, Answer>;
}

/** Answers made for a page this second: a hot page is served thousands of times with the same bytes. */
const memos = new WeakMap<Page, Memo>();

/** The answer for one visitor. `now`: epoch ms. `stamp`: headers that every answer of this process carries. */
export function answerOf(page: Page, serving: Serving, asked: Asked, now: number, stamp: readonly string[]): Answer {
  const ageSeconds = Math.floor(ageMs(page, now) / 1_000);
  let memo = memos.get(page);
  if (memo === undefined || memo.ageSeconds !== ageSeconds) memos.set(page, (memo = { ageSeconds, answers: new Map() }));
  const coding = serving === 'last_good' ? 'identity' : chooseCoding(page, asked.acceptEncoding);
  const unchanged = serving !== 'last_good' && asked.ifNoneMatch !== undefined && matches(asked.ifNoneMatch, page.etag);
  const name = `${serving} ${coding} ${unchanged}`;
  let answer = memo.answers.get(name);
  if (answer === undefined) memo.answers.set(name, (answer = assemble(page, serving, coding, unchanged, ageSeconds, stamp)));
  return answer;
}

function assemble(page: Page, serving: Serving, coding: Coding, unchanged: boolean, ageSeconds: number, stamp: readonly string[]): Answer {
  const need = serving === 'last_good';
  const body = need ? withBanner(page, ageSeconds) : page.bodies[coding]!;
  const head = [...stamp];
  for (const [name, value] of page.headers) {
    if (name !== 'cache-control' && name !== 'vary' && !(unchanged && name.startsWith('content-'))) head.push(name, value);
  }
  head.push('cache-control', need ? NEED_CACHE_CONTROL : BROWSER_CACHE_CONTROL);
  const vary = varyOf(page);
  if (vary !== '') head.push('vary', vary);
  head.push('age', String(ageSeconds), 'cache-status', CACHE_STATUS[serving]);
  if (!need) head.push('etag', etagOf(page, coding));
  if (unchanged) return { status: 304, head, body: undefined };
  if (coding !== 'identity') head.push('content-encoding', coding);
  head.push('content-length', String(body.length));
  return { status: 200, head, body };
}

function varyOf(page: Page): string {
  const own = page.headers.find(([name]) => name === 'vary')?.[1] ?? '';
  const names = new Set(own.split(',').map((name) => name.trim()).filter((name) => name !== ''));
  if (page.compressible && ![...names].some((name) => name.toLowerCase() === 'accept-encoding')) names.add('Accept-Encoding');
  return [...names].join(', ');
}

/** A coding is another representation, so it has a validator of its own (RFC 9110 section 8.8.3.3). */
const etagOf = (page: Page, coding: Coding): string => (coding === 'identity' ? page.etag : `${page.etag.slice(0, -1)}-${coding}"`);

/** If-None-Match, weak comparison (RFC 9110 section 13.1.2); any coding of the same body counts. */
function matches(header: string, etag: string): boolean {
  if (header.trim() === '*') return true;
  const base = etag.slice(0, -1);
  return header.split(',').some((part) => {
    const given = part.trim().replace(/^W\//, '');
    return given === etag || given === `${base}-gzip"` || given === `${base}-br"`;
  });
}

/** The smallest coding that the page is kept in and the visitor takes (RFC 9110 section 12.5.3). */
export function chooseCoding(page: Page, acceptEncoding: string | undefined): Coding {
  const { gzip, br } = page.bodies;
  if (acceptEncoding === undefined || (gzip === undefined && br === undefined)) return 'identity';
  if (br !== undefined && accepts(acceptEncoding, 'br')) return 'br';
  if (gzip !== undefined && accepts(acceptEncoding, 'gzip')) return 'gzip';
  return 'identity';
}

/** Whether a visitor takes any compressed coding at all. */
export const wantsCompressed = (acceptEncoding: string | undefined): boolean =>
  acceptEncoding !== undefined && (acceptEncoding.includes('gzip') || acceptEncoding.includes('br'));

function accepts(header: string, coding: string): boolean {
  if (!header.includes(coding)) return false;
  if (!header.includes('q=')) return true;
  return header.split(',').some((part) => {
    const [name, ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

const banners = new WeakMap<Page, number>();

/** The page with a note of its age behind the body tag; pages that are not HTML stay as they are. */
function withBanner(page: Page, ageSeconds: number): Buffer {
  const { identity } = page.bodies;
  if (!page.headers.some(([name, value]) => name === 'content-type' && value.startsWith('text/html'))) return identity;
  let at = banners.get(page);
  if (at === undefined) {
    const tag = identity.indexOf('<body');
    at = tag === -1 ? -1 : identity.indexOf('>', tag) + 1;
    banners.set(page, at);
  }
  if (at <= 0) return identity;
  const note = Buffer.from(`<p class="tahan-last-good" role="status">Many people are here right now. You see a copy of this page from ${ageInWords(ageSeconds)} ago.</p>`);
  return Buffer.concat([identity.subarray(0, at), note, identity.subarray(at)]);
}

function ageInWords(seconds: number): string {
  const unit = (amount: number, name: string): string => `${amount} ${name}${amount === 1 ? '' : 's'}`;
  if (seconds < 60) return unit(Math.max(1, seconds), 'second');
  if (seconds < 3_600) return unit(Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return unit(Math.floor(seconds / 3_600), 'hour');
  return unit(Math.floor(seconds / 86_400), 'day');
}
