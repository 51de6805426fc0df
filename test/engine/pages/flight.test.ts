import { beforeEach, describe, expect, test } from '@jest/globals';
import { Recorder } from '../../../src/engine/metrics/recorder.ts';
import { MAX_WAITERS, PageFlight } from '../../../src/engine/pages/flight.ts';
import { PageRefusals } from '../../../src/engine/pages/page-refusals.ts';
import { compileRoutes } from '../../../src/engine/routes.ts';
import { pageFor } from '../cache/fixtures/page-of.ts';
import { FakeVisitor } from './fixtures/visitor.ts';

const KEY = '\n\n/';
const copy = pageFor(KEY);
let counted: string[];
let saturated: string[];
let refusals: PageRefusals;
beforeEach(() => {
  counted = [];
  saturated = [];
  const recorder = new Recorder();
  recorder.count = (name, labels) => counted.push([name, ...labels].join(' '));
  refusals = new PageRefusals(
    recorder,
    (priority) => saturated.push(priority),
    (page) => page,
  );
});
const flightOf = (): PageFlight => new PageFlight(KEY, compileRoutes([]).unknown, 'miss', 'low', refusals);

const until = async (visitor: FakeVisitor): Promise<void> => {
  const end = performance.now() + 30_000;
  while (visitor.got.length === 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('those who wait for one page', () => {
  test('are all answered, once', () => {
    const flight = flightOf();
    const visitors = [new FakeVisitor(), new FakeVisitor()];
    for (const visitor of visitors) flight.join(visitor, undefined, 1_000);
    expect(flight.waiting).toBe(2);
    flight.settle(({ visitor }) => visitor.servePage(copy, 'miss'));
    flight.settle(({ visitor }) => visitor.servePage(copy, 'miss'));
    expect(visitors.map(({ got }) => got)).toEqual([['miss'], ['miss']]);
  });

  test('are at most a thousand; the next is refused, counted and remembered', () => {
    const flight = flightOf();
    for (let n = 0; n < MAX_WAITERS; n++) flight.join(new FakeVisitor(), undefined, 1_000);
    expect([flight.waiting, counted]).toEqual([MAX_WAITERS, []]);
    const [late, copied] = [new FakeVisitor(), new FakeVisitor()];
    flight.join(late, undefined, 1_000);
    flight.join(copied, copy, 1_000);
    expect([late.got, copied.got]).toEqual([['refused'], ['last_good']]);
    expect([counted, saturated]).toEqual([['tahan_refused_total low waiters false'], ['low']]);
    expect(refusals.turnedAway.count(KEY)).toBe(1);
  });

  test('are those who have not left', () => {
    const flight = flightOf();
    const [leaves, stays] = [new FakeVisitor(), new FakeVisitor()];
    for (const visitor of [leaves, stays]) flight.join(visitor, undefined, 1_000);
    leaves.gone();
    flight.settle(({ visitor }) => visitor.refuse());
    expect([leaves.got, stays.got]).toEqual([[], ['refused']]);
  });

  test('wait no longer than they have time: then it is the last good copy, or the waiting page', async () => {
    const flight = flightOf();
    const [hurried, patient, copied] = [new FakeVisitor(20), new FakeVisitor(60_000), new FakeVisitor(60_000)];
    flight.join(hurried, undefined, 60_000);
    flight.join(patient, copy, 60_000);
    expect(flight.slow).toBe(false);
    flight.join(copied, copy, 20);
    await Promise.all([until(hurried), until(copied)]);
    expect([hurried.got, copied.got, patient.got]).toEqual([['refused'], ['last_good'], []]);
    expect(counted).toEqual(['tahan_refused_total low expired false']);
    expect(flight.slow).toBe(true);
    flight.settle(({ visitor }) => visitor.servePage(copy, 'miss'));
    expect(patient.got).toEqual(['miss']);
  });

  test('come too late when the render has ended', () => {
    const flight = flightOf();
    flight.ended = true;
    const [copied, late] = [new FakeVisitor(), new FakeVisitor()];
    flight.join(copied, copy, 1_000);
    flight.join(late, undefined, 1_000);
    expect([copied.got, late.got, counted]).toEqual([
      ['last_good'],
      ['refused'],
      ['tahan_refused_total low renders false'],
    ]);
  });
});

describe('a page that was purged while it was rendered is too old', () => {
  const lateOf = (startedAt: number, purgedAt: number): string[] => {
    const flight = flightOf();
    const visitors: [string, FakeVisitor][] = [
      ['before', new FakeVisitor()],
      ['during', new FakeVisitor()],
      ['after', new FakeVisitor()],
      ['carried over', new FakeVisitor()],
    ];
    const since = [90, 150, 250, Number.NEGATIVE_INFINITY];
    for (const [at, [, visitor]] of visitors.entries()) flight.join(visitor, undefined, 1_000, since[at]);
    const late = flight.takeTooLate(startedAt, purgedAt).map(({ visitor }) => visitor);
    expect(flight.waiting).toBe(visitors.length - late.length);
    return visitors.filter(([, visitor]) => late.includes(visitor)).map(([name]) => name);
  };

  test.each([
    ['for those who came after the purge', 100, 200, ['after']],
    ['for those who came in the very ms of the purge', 100, 150, ['during', 'after']],
    ['for nobody when it began after the purge', 100, 99, []],
    ['for nobody who came before it began', 260, 300, []],
    ['for nobody when there was no purge', 100, Number.NEGATIVE_INFINITY, []],
  ])('%s', (_name, startedAt, purgedAt, late) => {
    expect(lateOf(startedAt, purgedAt)).toEqual(late);
  });
});
