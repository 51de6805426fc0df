import type { Mutant } from '../mutant.ts';

const FLIGHT = { file: 'pages/flight.ts', test: 'engine/pages/flight.test.ts' };
const FLIGHTS = { file: 'pages/flights.ts', test: 'engine/pages/pages.test.ts' };
const PAGES = { file: 'pages/pages.ts', test: 'engine/pages/pages.test.ts' };
const PASSES = { file: 'pages/passes.ts', test: 'engine/pages/passes.test.ts' };
const LEASES = { file: 'pages/leases.ts', test: 'engine/worker/desks.test.ts' };
const PURGER = { file: 'pages/purger.ts', test: 'engine/worker/desks.test.ts' };
const WRITTEN = { file: 'pages/written-pages.ts', test: 'engine/pages/written-pages.test.ts' };
const DEMAND = { file: 'pages/demand.ts', test: 'engine/pages/demand.test.ts' };
const PURGE = 'engine/pages/purge.test.ts';

export const PAGES_AT_WORK: readonly Mutant[] = [
  { ...FLIGHT, name: 'any number waits for a page', text: ' || waiters.size >= MAX_WAITERS', to: '' },
  { ...FLIGHT, name: 'who left is answered, too', text: 'waiters.delete(waiter);\n    });', to: '});' },
  {
    ...FLIGHT,
    name: 'a visitor waits for a render beyond his deadline',
    text: 'Math.min(visitor.deadlineAt, copyAt)',
    to: 'copyAt',
  },
  {
    ...FLIGHT,
    name: 'a visitor with a copy waits as long as one without',
    text: 'fallback === undefined ? Number.POSITIVE_INFINITY : visitor.arrivedAt + fallBackAfterMs',
    to: 'Number.POSITIVE_INFINITY',
  },
  { ...FLIGHT, name: 'all wait for a render that is slow', text: 'this.slow = true;', to: '' },
  {
    ...FLIGHT,
    test: PURGE,
    name: 'who came after a purge gets what is older',
    text: 'if (startedAt > purgedAt) return [];',
    to: 'return [];',
  },
  {
    ...FLIGHTS,
    test: 'engine/pages/no-room.test.ts',
    name: 'any number of pages is rendered at once',
    text: 'return this.byKey.size >= MAX_FLIGHTS;',
    to: 'return false;',
  },
  {
    ...FLIGHTS,
    test: 'engine/pages/no-room.test.ts',
    name: 'a render never rises with those who ask for it',
    text: 'if (flight.job !== undefined) this.parts.dispatcher.reprioritise(flight.job, priority);',
    to: '',
  },
  {
    ...FLIGHTS,
    name: 'a page with a query is kept for the first who asks',
    text: 'this.secondHit.admits(flight.key)',
    to: 'true',
  },
  {
    ...FLIGHTS,
    name: 'the copy of another worker is not looked for',
    text: "if (stored !== undefined && freshness(stored, Date.now()) === 'fresh')",
    to: 'if (false)',
  },
  {
    ...FLIGHTS,
    name: 'a lease is kept after the render failed',
    text: 'else leases.release(flight.key, false);',
    to: '',
  },
  {
    ...FLIGHTS,
    test: PURGE,
    name: 'a purged copy is told to the other workers as a good one',
    text: 'page?.status === 200 && !page.purged',
    to: 'page?.status === 200',
  },
  {
    ...FLIGHTS,
    test: PURGE,
    name: 'nothing is rendered again for who came after a purge',
    text: 'if (late.length > 0 || (',
    to: 'if ((',
  },
  { ...FLIGHTS, name: 'a failed render is tried again at once', text: 'if (failed) this.pauses.add(key);', to: '' },
  {
    ...FLIGHTS,
    name: 'what is one visitor’s is given to all who wait',
    text: "let given = shared === 'private';",
    to: 'let given = false;',
  },
  {
    ...PAGES,
    name: 'no early renewal (XFetch)',
    text: "if (xfetchDue(copy!, Date.now(), Math.random())) this.refresh(key, route, 'early', 'background');",
    to: '',
  },
  {
    ...PAGES,
    name: 'a page that is a little too old is never renewed',
    text: "this.refresh(key, route, 'refresh', 'background');",
    to: '',
  },
  {
    ...PAGES,
    test: PURGE,
    name: 'a render that began before a purge is taken for one after it',
    text: 'flight.renewIfPurged = true;',
    to: '',
  },
  {
    ...PAGES,
    name: 'a copy that is dead is served in need',
    text: "if (page === undefined || freshness(page, Date.now()) === 'dead') return false;",
    to: 'if (page === undefined) return false;',
  },
  {
    ...PAGES,
    name: 'another worker’s wish for the page is not heard',
    text: 'if (flight !== undefined) flight.store = true;',
    to: '',
  },
  { ...PASSES, name: 'any number of passes', text: 'if (this.byKey.size >= MAX_PASSES) this.byKey.clear();', to: '' },
  { ...PASSES, name: 'a pass has no end', text: 'pass.until > this.now()', to: 'true' },
  {
    ...PASSES,
    name: 'a pass outlives a purge',
    text: 'pass.renderStartedAt > this.lastPurge(pass.tags)',
    to: 'true',
  },
  { ...LEASES, name: 'any number of pages waits for a lease', text: ' && asked.size < MAX_ASKED', to: '' },
  {
    ...LEASES,
    name: 'one waits for a lease for ever',
    text: 'setTimeout(() => finish(false), LEASE_MS)',
    to: 'setTimeout(() => {}, LEASE_MS)',
  },
  {
    ...LEASES,
    name: 'a lease that comes too late is kept',
    text: "link.send({ type: 'release', key, stored: false })",
    to: 'undefined',
  },
  {
    ...LEASES,
    name: 'the end of the other’s render is not heard',
    text: "link.on('freed', ({ key }) => asked.get(key)?.finish(false));",
    to: '',
  },
  {
    ...LEASES,
    name: 'a primary that says nothing is waited for',
    text: 'setTimeout(() => finish(true), UNHEARD_MS)',
    to: 'setTimeout(() => {}, UNHEARD_MS)',
  },
  {
    ...PURGER,
    name: 'the others purge before the store',
    text: 'await store(tags, hard, at);',
    to: 'void store(tags, hard, at);',
  },
  { ...PURGER, name: 'any number of tags', text: 'if (tags.length > MAX_TAGS)', to: 'if (false)' },
  {
    ...PURGER,
    name: 'a purge waits for the others for ever',
    text: 'setTimeout(finish, WITHIN_MS)',
    to: 'setTimeout(() => {}, WITHIN_MS)',
  },
  { ...WRITTEN, name: 'any number of paths waits for a purge', text: 'if (this.waiting.size < MAX_WAITING) ', to: '' },
  {
    ...WRITTEN,
    name: 'a write that failed makes the page stale',
    text: 'status < 200 || status >= 400',
    to: 'status < 200',
  },
  {
    ...WRITTEN,
    name: 'a write makes pages of another host stale',
    text: 'url.host === base.host ? url.pathname : undefined',
    to: 'url.pathname',
  },
  { ...DEMAND, name: 'who was turned away counts for ever', text: 'times[0]! <= since', to: 'false' },
  {
    ...DEMAND,
    name: 'any number of pages is remembered',
    text: 'if (this.times.size >= MAX_REMEMBERED)',
    to: 'if (false)',
  },
];
