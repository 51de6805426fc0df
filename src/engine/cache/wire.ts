import { STATUS_CODES } from 'node:http';
import { chooseCoding, codingsFor } from './coding.ts';
import { type Conditions, etagOf, heldCoding } from './etag.ts';
import { ageMs } from './freshness.ts';
import { hasPlaceForNote, withNote } from './last-good.ts';
import { isNamed } from './make-page.ts';
import { CODINGS, type Coding, type Page } from './page.ts';

/** How a page is served, as in `Cache-Status` and the metrics. `miss`: rendered for this very visitor. */
const CACHE_OUTCOMES = ['fresh', 'revalidate', 'last_good', 'miss'] as const;
export type CacheOutcome = (typeof CACHE_OUTCOMES)[number];

/**
 * Browsers ask again each time, and get a 304 (a cached answer costs us as little): a purge is then seen at once,
 * and no visitor is left with an old page that we cannot reach. Shared caches in front are told the same.
 */
const BROWSER_CACHE_CONTROL = 'public, max-age=0, must-revalidate';
/** What holds for now only must not be kept by a browser or a proxy. */
const FOR_NOW_CACHE_CONTROL = 'no-store';

export interface Answer {
  /** That of the page, or 304. */
  status: number;
  /** `[name, value, name, value, ...]` for `ServerResponse.writeHead`, which adds Date and Connection itself. */
  head: string[];
  /** Of a GET; a HEAD has the same head. */
  body: Buffer | undefined;
  /** Second of its Date, epoch. */
  second: number;
}

interface Memo {
  second: number;
  /** By outcome, 304 or not, and coding. */
  answers: (Answer | undefined)[];
}

/** Answers made for a page this second: a hot page is served thousands of times with the same bytes. */
const memos = new WeakMap<Page, Memo>();

/** The answer for one visitor. `now`: epoch ms. `extraHeaders`: headers that every answer of this process carries, always the same. */
export function answerOf(
  page: Page,
  outcome: CacheOutcome,
  conditions: Conditions,
  now: number,
  extraHeaders: readonly string[],
): Answer {
  const second = Math.floor(now / 1_000);
  if (outcome === 'last_good' && hasPlaceForNote(page)) return notedAnswer(page, now, second, extraHeaders);
  let memo = memos.get(page);
  if (memo === undefined || memo.second !== second) {
    memo = { second, answers: [] };
    memos.set(page, memo);
  }
  const chosen = chooseCoding(page, conditions.acceptEncoding);
  // A copy served in need carries no validator, so it can't be confirmed either; nor can an error (RFC 9110 section 13.2.1).
  const held = outcome === 'last_good' || page.status !== 200 ? undefined : heldCoding(conditions, page.etag, chosen);
  const unchanged = held !== undefined;
  const coding = held ?? chosen;
  const at = (CACHE_OUTCOMES.indexOf(outcome) * 2 + (unchanged ? 1 : 0)) * CODINGS.length + CODINGS.indexOf(coding);
  let answer = memo.answers[at];
  if (answer === undefined) {
    const body = unchanged ? undefined : page.bodies[coding]!;
    answer = {
      status: unchanged ? 304 : page.status,
      head: headOf(page, outcome, coding, body, now, extraHeaders),
      body,
      second,
    };
    memo.answers[at] = answer;
  }
  return answer;
}

/** Answers with a note have bodies of their own: so many bytes of them are kept for the second. */
const MAX_NOTED_BYTES = 4_194_304;
/** Weak, so that a page that was taken back or made room is held by nothing here. */
let noted = new WeakMap<Page, Answer>();
let notedBytes = 0;

/** The last good copy of an HTML page with the note of its age. */
function notedAnswer(page: Page, now: number, second: number, extraHeaders: readonly string[]): Answer {
  const made = noted.get(page);
  if (made?.second === second) return made;
  const body = withNote(page, now);
  notedBytes += body.length - (made?.body?.length ?? 0);
  if (notedBytes > MAX_NOTED_BYTES) {
    noted = new WeakMap();
    notedBytes = body.length;
  }
  const answer: Answer = {
    status: 200,
    head: headOf(page, 'last_good', 'identity', body, now, extraHeaders),
    body,
    second,
  };
  noted.set(page, answer);
  return answer;
}

/** The head of a page; without a body that of a 304, which leaves out what describes the body (RFC 9110 section 15.4.5). */
function headOf(
  page: Page,
  outcome: CacheOutcome,
  coding: Coding,
  body: Buffer | undefined,
  now: number,
  extraHeaders: readonly string[],
): string[] {
  // Neither a copy served in need nor an error is one that a browser should keep.
  const isForNow = outcome === 'last_good' || page.status !== 200;
  const head = [...extraHeaders];
  let browserCacheControl = BROWSER_CACHE_CONTROL;
  for (const [name, value] of page.headers) {
    if (name === 'cache-control') {
      // The page at this address never changes, says the site (RFC 8246), or it has no tag by which it could be purged:
      // browsers may keep it as long as the site says.
      if (!isNamed(page) || /\bimmutable\b/i.test(value)) browserCacheControl = value;
    } else if (name !== 'vary' && !(body === undefined && name.startsWith('content-') && name !== 'content-location')) {
      head.push(name, value);
    }
  }
  head.push('cache-control', isForNow ? FOR_NOW_CACHE_CONTROL : browserCacheControl);
  const vary = varyOf(page);
  if (vary !== '') head.push('vary', vary);
  head.push('age', String(Math.floor(ageMs(page, now) / 1_000)), 'cache-status', cacheStatus(page, outcome, now));
  if (!isForNow) head.push('etag', etagOf(page.etag, coding));
  if (body !== undefined) {
    if (coding !== 'identity') head.push('content-encoding', coding);
    head.push('content-length', String(body.length));
  }
  return head;
}

/** RFC 9211. The ttl of a copy that is served while it is rendered anew is below zero. */
function cacheStatus(page: Page, outcome: CacheOutcome, now: number): string {
  switch (outcome) {
    case 'miss':
      return 'tahan; fwd=miss';
    case 'last_good':
      return 'tahan; hit; detail=last-good';
    default: {
      const ttl = Math.floor((page.ttlMs - ageMs(page, now)) / 1_000);
      return outcome === 'fresh' ? `tahan; hit; ttl=${ttl}` : `tahan; hit; ttl=${ttl}; detail=revalidate`;
    }
  }
}

/** What the answer depends on: the coding of compressible pages, and the language of pages whose key has one. */
function varyOf(page: Page): string {
  const names = new Map<string, string>();
  for (const [name, value] of page.headers) {
    if (name === 'vary')
      for (const part of value.split(',')) if (part.trim() !== '') names.set(part.trim().toLowerCase(), part.trim());
  }
  if (page.compressible && !names.has('accept-encoding')) names.set('accept-encoding', 'Accept-Encoding');
  if (!page.key.startsWith('\n') && !names.has('accept-language')) names.set('accept-language', 'Accept-Language');
  return [...names.values()].join(', ');
}

/** Whether a visitor would rather have a compressed coding. */
export const wantsCompressed = (acceptEncoding: string | undefined): boolean =>
  codingsFor(acceptEncoding)[0] !== 'identity';

const heads = new WeakMap<Answer, { connection: string; bytes: Buffer }>();

/**
 * The head of an answer as bytes, for a socket that is written to directly. `connection`: header lines that tell what
 * becomes of the connection, each ended by CRLF, such as `Connection: keep-alive\r\n`.
 */
export function headBytes(answer: Answer, connection: string): Buffer {
  const made = heads.get(answer);
  if (made?.connection === connection) return made.bytes;
  let text = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n`;
  for (let at = 0; at < answer.head.length; at += 2) text += `${answer.head[at]}: ${answer.head[at + 1]}\r\n`;
  text += `date: ${new Date(answer.second * 1_000).toUTCString()}\r\n${connection}\r\n`;
  const bytes = Buffer.from(text, 'latin1');
  heads.set(answer, { connection, bytes });
  return bytes;
}
