import { createHash } from 'node:crypto';
import type { CachePolicy } from '../site.ts';
import { isCompressible } from './compress.ts';
import { fieldText, type Headers } from './directives.ts';
import { lifetimes, momentOf, upstreamAgeMs } from './freshness.ts';
import { pathOf } from './key.ts';
import type { Page } from './page.ts';
import { isMissing, sharing } from './sharing.ts';

/** What the site answered to a render. */
export interface Rendered {
  status: number;
  headers: Headers;
  body: Buffer;
  /** Epoch ms at which the render began, and how long it took, ms. */
  renderStartedAt: number;
  renderMs: number;
}

/**
 * Not of the page but of one connection or one answer (RFC 9110 section 7.6.1, RFC 9111 section 3.1), made anew for each
 * answer, or for this cache only: a cache in front that keeps what CDN-Cache-Control allows would miss our purges.
 */
const DROPPED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'content-length',
  'date',
  'age',
  'expires',
  'pragma',
  'etag',
  'last-modified',
  'accept-ranges',
  'cache-status',
  'cache-tag',
  'cdn-cache-control',
  'set-cookie',
]);

/** RFC 9110 section 5.5: a value that could not end the header field it is written in. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers of a site's answer that may be passed on with a copy of it. */
export function keptHeaders(headers: Headers): [string, string][] {
  const ofConnection = new Set(
    fieldText(headers.connection)
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
  const kept: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (DROPPED.has(name) || ofConnection.has(name)) continue;
    for (const one of Array.isArray(value) ? value : [value]) if (FIELD_VALUE.test(one)) kept.push([name, one]);
  }
  return kept;
}

/** Tags of one page that count, and the longest, characters. */
const MAX_TAGS = 64;
const MAX_TAG = 200;

/**
 * The tag of every page at a path, whatever its language, host and query; by it a write to that address makes the page
 * stale. A page has it beside the tags that the site names.
 */
export const pathTag = (path: string): string => `${PATH}${path}`;
const PATH = 'path ';

/** The tag of every page: by it an operator purges all. */
export const ALL_PAGES = 'path';

/** Whether the site named a tag for a page, by which it could be purged. */
export const isNamed = ({ tags }: Pick<Page, 'tags'>): boolean =>
  tags.some((tag) => tag !== ALL_PAGES && !tag.startsWith(PATH));

/** The tags that the site names for an answer: those of its route, and its own. */
export function tagsOf(policy: CachePolicy, headers: Headers): readonly string[] {
  const own = String(headers['cache-tag'] ?? '').split(',');
  const tags = new Set(
    [...(policy.tags ?? []), ...own].map((tag) => tag.trim()).filter((tag) => tag !== '' && tag.length <= MAX_TAG),
  );
  return [...tags].slice(0, MAX_TAGS);
}

/** All tags of the page that an answer makes. */
export const pageTags = (key: string, policy: CachePolicy, headers: Headers): readonly string[] => [
  ...tagsOf(policy, headers),
  pathTag(pathOf(key)),
  ALL_PAGES,
];

/** The page that a render gave; undefined when the answer is not one to keep. `random` in [0, 1) spreads the ttl. */
export function makePage(
  key: string,
  policy: CachePolicy,
  rendered: Rendered,
  sieMs: number,
  random: number,
): Page | undefined {
  const { status, headers, renderStartedAt, renderMs } = rendered;
  if (sharing(status, headers, policy.declared) !== 'store') return undefined;
  const body = exact(rendered.body);
  return {
    key,
    status,
    headers: keptHeaders(headers),
    etag: `"${createHash('sha1').update(body).digest('base64url')}"`,
    bodies: { identity: body },
    // What is kept for a moment is not worth it.
    compressible: !isMissing(status) && isCompressible(String(headers['content-type'] ?? '')),
    tags: pageTags(key, policy, headers),
    renderStartedAt,
    upstreamAgeMs: upstreamAgeMs(headers),
    renderMs,
    ...(isMissing(status)
      ? momentOf(headers, renderStartedAt)
      : lifetimes(policy, headers, sieMs, random, renderStartedAt)),
    purged: false,
  };
}

/** Bytes in memory of their own: a small Buffer is a slice of a 64 KiB slab, which it would keep and take along to a thread. */
function exact(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}
