import type { Mutant } from '../mutant.ts';

const FRESHNESS = { file: 'cache/freshness.ts', test: 'engine/cache/freshness.test.ts' };
const MEMORY = { file: 'cache/memory.ts', test: 'engine/cache/memory.test.ts' };
const LOG = { file: 'cache/purge-log.ts', test: 'engine/cache/purge-log.test.ts' };
const MISSING = { file: 'cache/missing-pages.ts', test: 'engine/cache/missing-pages.test.ts' };
const KEYS = { file: 'cache/keys-for-a-time.ts', test: 'engine/cache/keys-for-a-time.test.ts' };
const KEY = { file: 'cache/key.ts', test: 'engine/cache/key.test.ts' };
const SECOND_HIT = { file: 'cache/second-hit.ts', test: 'engine/cache/second-hit.test.ts' };

export const CACHE: readonly Mutant[] = [
  { ...FRESHNESS, name: 'a purged page is fresh', text: 'if (!page.purged) {', to: '{' },
  {
    ...FRESHNESS,
    name: 'a clock that goes back makes a page younger',
    text: 'Math.max(0, now - page.renderStartedAt)',
    to: '(now - page.renderStartedAt)',
  },
  { ...FRESHNESS, name: 'the age that a page came with is forgotten', text: ' + page.upstreamAgeMs;', to: ';' },
  {
    ...FRESHNESS,
    name: 'a dear page is renewed no earlier than a cheap one',
    text: 'page.renderMs * beta *',
    to: 'beta *',
  },
  { ...FRESHNESS, name: 'pages of one moment are stale together', text: 'TTL_JITTER = 0.1', to: 'TTL_JITTER = 0' },
  {
    ...FRESHNESS,
    name: 'must-revalidate is not heard',
    text: "if (given.has('must-revalidate') || given.has('proxy-revalidate')) return { ttlMs, swrMs: 0, sieMs: 0 };",
    to: '',
  },
  {
    ...FRESHNESS,
    name: 'a lifetime that cannot be read is the policy’s',
    text: '(secondsToMs(value) ?? 0)',
    to: 'secondsToMs(value)',
  },
  {
    ...MEMORY,
    name: 'memory has no bound in bytes',
    text: 'while (this.bytes + bytes > this.options.maxBytes && this.evict());',
    to: '',
  },
  {
    ...MEMORY,
    name: 'compressed copies have no bound in bytes',
    text: 'while (this.bytes > this.options.maxBytes && this.evict());',
    to: '',
  },
  { ...MEMORY, name: 'what is read is evicted as what is not (no SIEVE)', text: 'slot.visited = true;', to: '' },
  {
    ...MEMORY,
    name: 'an older copy takes the place of a newer one',
    text: 'if (held !== undefined && held.page.renderStartedAt > page.renderStartedAt) return false;',
    to: '',
  },
  {
    ...MEMORY,
    name: 'a purge meets what was rendered after it',
    text: 'if (slot.page.renderStartedAt <= at) met.add(slot);',
    to: 'met.add(slot);',
  },
  {
    ...MEMORY,
    name: 'what was taken back comes again from the store',
    text: "if (verdict === 'hard') return undefined;",
    to: '',
  },
  {
    ...MEMORY,
    name: 'codings make a page larger than a page may be',
    text: 'kept.bytes + more > Math.min(this.options.maxEntryBytes, this.options.maxBytes)',
    to: 'false',
  },
  {
    ...LOG,
    name: 'a full log forgets that there was a purge',
    text: 'else this.forgottenSoftAt = Math.max(this.forgottenSoftAt, oldestAt);',
    to: '',
  },
  { ...LOG, name: 'any number of tags is remembered', text: 'if (log.size <= this.maxTags) return;', to: 'return;' },
  { ...LOG, name: 'a late note of an earlier purge moves it back', text: 'Math.max(at, log.get(tag) ?? at)', to: 'at' },
  {
    ...LOG,
    name: 'a render of the very ms of the purge is newer',
    text: 'renderStartedAt <= (this.softAt',
    to: 'renderStartedAt < (this.softAt',
  },
  { ...MISSING, name: 'any number of missing pages', text: 'this.byKey.size > MAX_MISSING || ', to: '' },
  { ...MISSING, name: 'missing pages of any size', text: ' || this.bytes > MAX_BYTES', to: '' },
  {
    ...MISSING,
    name: 'that a page is missing outlives a purge',
    text: 'page.renderStartedAt > this.lastPurge() && ',
    to: '',
  },
  { ...KEYS, name: 'any number of keys', text: 'if (this.until.size >= this.max) this.until.clear();', to: '' },
  { ...KEY, name: 'a key of any length', text: 'return key.length > MAX_KEY ? undefined : key;', to: 'return key;' },
  {
    ...KEY,
    name: 'a page for every host that a client makes up',
    text: "return hosts.has(bare) ? bare : '';",
    to: 'return bare;',
  },
  { ...KEY, name: 'dot segments are cached', text: "(path.includes('/.') && DOT_SEGMENT.test(path))", to: 'false' },
  { ...SECOND_HIT, name: 'the doorkeeper is never emptied', text: 'this.current.fill(0);', to: '' },
];
