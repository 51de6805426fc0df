import { z } from 'zod';
import type { CacheUse } from '../metrics/recorder.ts';
import { HyperLogLog } from './hyperloglog.ts';

/** What an answer can be, of those that are counted: all but the engine's own paths. */
export const TRAFFIC_USES = ['fresh', 'revalidate', 'last_good', 'miss', 'bypass', 'refused'] as const;
export type TrafficUse = Exclude<CacheUse, 'engine'>;
const USE_INDEX = new Map<CacheUse, number>(TRAFFIC_USES.map((use, index) => [use, index]));

/** 256 registers, 6.5 %: enough to tell a page that everybody asks for from one for each. */
export const DISTINCT_PRECISION = 8;

const amount = z.number().nonnegative().finite();

export const routeTallySchema = z.strictObject({
  requests: amount,
  looked: amount,
  anonymous: amount,
  anonymousReads: amount,
  uses: z.array(amount).length(TRAFFIC_USES.length),
  failed: amount,
  cachedBytes: amount,
  savedMs: amount,
  ageMs: amount,
  renders: amount,
  unchanged: amount,
  costMs: amount,
  ttlMs: amount,
  pages: z.string().max(512),
  keys: z.string().max(512),
});
export type RouteTallyJson = z.infer<typeof routeTallySchema>;

/** What is added up of the requests of one route. Numbers of requests are weighted, but for `looked`. */
export class RouteTally {
  requests = 0;
  /** Requests that were looked at, as they came: `pages` and `keys` are of these. */
  looked = 0;
  /** Without a member's session. */
  anonymous = 0;
  /** Those of them that only read: what a page cache could answer. */
  anonymousReads = 0;
  readonly uses = new Array<number>(TRAFFIC_USES.length).fill(0);
  /** 5xx of the site. */
  failed = 0;
  cachedBytes = 0;
  /** CPU time that answers from the cache spared, ms. */
  savedMs = 0;
  /** Sum of the ages of what came from the cache, ms. */
  ageMs = 0;
  renders = 0;
  unchanged = 0;
  /** CPU time of one answer of the site, as last seen, ms; 0: not known. */
  costMs = 0;
  /** As last seen; 0: not cached. */
  ttlMs = 0;
  /** Different pages: host, path and query as sent. */
  pages = new HyperLogLog(DISTINCT_PRECISION);
  /** Different keys of the page cache. */
  keys = new HyperLogLog(DISTINCT_PRECISION);

  use(use: TrafficUse, weight: number): void {
    this.uses[USE_INDEX.get(use)!]! += weight;
  }

  usedAs(use: TrafficUse): number {
    return this.uses[USE_INDEX.get(use)!]!;
  }

  /** Answers that came from the cache. */
  get cached(): number {
    return this.usedAs('fresh') + this.usedAs('revalidate') + this.usedAs('last_good');
  }

  merge(other: RouteTally): void {
    this.requests += other.requests;
    this.looked += other.looked;
    this.anonymous += other.anonymous;
    this.anonymousReads += other.anonymousReads;
    other.uses.forEach((count, index) => {
      this.uses[index]! += count;
    });
    this.failed += other.failed;
    this.cachedBytes += other.cachedBytes;
    this.savedMs += other.savedMs;
    this.ageMs += other.ageMs;
    this.renders += other.renders;
    this.unchanged += other.unchanged;
    if (other.costMs > 0) this.costMs = other.costMs;
    if (other.requests > 0) this.ttlMs = other.ttlMs;
    this.pages.merge(other.pages);
    this.keys.merge(other.keys);
  }

  toJson(): RouteTallyJson {
    const { requests, looked, anonymous, anonymousReads, uses, failed, cachedBytes } = this;
    const { savedMs, ageMs, renders, unchanged, costMs, ttlMs } = this;
    return {
      requests,
      looked,
      anonymous,
      anonymousReads,
      uses: [...uses],
      failed,
      cachedBytes,
      savedMs,
      ageMs,
      renders,
      unchanged,
      costMs,
      ttlMs,
      pages: this.pages.toText(),
      keys: this.keys.toText(),
    };
  }

  /** @throws {RangeError} a sketch that cannot be read */
  static fromJson({ uses, pages, keys, ...numbers }: RouteTallyJson): RouteTally {
    const made = Object.assign(new RouteTally(), numbers);
    uses.forEach((count, index) => {
      made.uses[index] = count;
    });
    made.pages = HyperLogLog.fromText(DISTINCT_PRECISION, pages);
    made.keys = HyperLogLog.fromText(DISTINCT_PRECISION, keys);
    return made;
  }
}
