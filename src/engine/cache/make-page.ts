import { createHash } from 'node:crypto';
import type { CachePolicy } from '../site.ts';
import { isCompressible } from './compress.ts';
import { lifetimes, sharing } from './freshness.ts';
import type { Page } from './page.ts';

/** What the site answered to a render. */
export interface Rendered {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string | string[]>;
  body: Buffer;
  /** Epoch ms at which the render began, and how long it took, ms. */
  renderedAt: number;
  renderMs: number;
}

/** Not of the page but of one connection or one answer (RFC 9110 section 7.6.1), or made anew for each answer. */
const DROPPED = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te', 'trailer',
  'content-length', 'date', 'age', 'etag', 'last-modified', 'cache-status', 'cache-tag', 'set-cookie',
]);

/** Headers of a site's answer that may be passed on with a copy of it. */
export function keptHeaders(headers: Rendered['headers']): [string, string][] {
  const kept: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (DROPPED.has(name)) continue;
    for (const one of Array.isArray(value) ? value : [value]) kept.push([name, one]);
  }
  return kept;
}

/** The page that a render gave; undefined when the answer is not one to keep. `random` in [0, 1) spreads the ttl. */
export function makePage(key: string, policy: CachePolicy, rendered: Rendered, sieMs: number, random: number): Page | undefined {
  const { status, headers, body, renderedAt, renderMs } = rendered;
  if (sharing(status, headers) !== 'store' || headers['content-encoding'] !== undefined) return undefined;
  const own = String(headers['cache-tag'] ?? '').split(',').map((tag) => tag.trim()).filter((tag) => tag !== '');
  return {
    key,
    status,
    headers: keptHeaders(headers),
    etag: `"${createHash('sha1').update(body).digest('base64url')}"`,
    bodies: { identity: body },
    compressible: isCompressible(String(headers['content-type'] ?? '')),
    tags: [...new Set([...(policy.tags ?? []), ...own])].slice(0, MAX_TAGS),
    renderedAt,
    renderMs,
    ...lifetimes(policy, headers, sieMs, random),
    purged: false,
  };
}

/** Tags of one page that count. */
const MAX_TAGS = 64;
