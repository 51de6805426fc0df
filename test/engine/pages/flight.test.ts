import { describe, expect, test } from '@jest/globals';
import type { Page } from '../../../src/engine/cache/page.ts';
import { MAX_WAITERS, PageFlight } from '../../../src/engine/pages/flight.ts';
import type { PageVisitor } from '../../../src/engine/pages/page-visitor.ts';
import { compileRoutes } from '../../../src/engine/routes.ts';
import { pageFor } from '../cache/fixtures/page-of.ts';

const flightOf = (): PageFlight => new PageFlight('\n\n/', compileRoutes([]).unknown, 'miss', 'low');

class Visitor implements PageVisitor {
  readonly priority = 'low';
  readonly arrivedAt = performance.now();
  readonly deadlineAt: number;
  readonly got: string[] = [];
  gone = (): void => {};
  constructor(deadlineMs = Number.POSITIVE_INFINITY) {
    this.deadlineAt = this.arrivedAt + deadlineMs;
  }
  servePage(_page: Page, outcome: string): void {
    this.got.push(outcome);
  }
  relay(): void {
    this.got.push('relayed');
  }
  refuse(): void {
    this.got.push('refused');
  }
  askSite(): void {
    this.got.push('site');
  }
  onGone(listener: () => void): void {
    this.gone = listener;
  }
}

const copy = pageFor('\n\n/');
const until = async (visitor: Visitor): Promise<void> => {
  const end = performance.now() + 5_000;
  while (visitor.got.length === 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('those who wait for one page', () => {
  test('are all answered, once', () => {
    const flight = flightOf();
    const visitors = [new Visitor(), new Visitor()];
    for (const visitor of visitors) expect(flight.join(visitor, undefined, 1_000)).toBe(true);
    flight.settle(({ visitor }) => visitor.servePage(copy, 'miss'));
    flight.settle(({ visitor }) => visitor.servePage(copy, 'miss'));
    expect(visitors.map(({ got }) => got)).toEqual([['miss'], ['miss']]);
  });

  test('are at most a thousand', () => {
    const flight = flightOf();
    for (let n = 0; n < MAX_WAITERS; n++) expect(flight.join(new Visitor(), undefined, 1_000)).toBe(true);
    expect(flight.join(new Visitor(), undefined, 1_000)).toBe(false);
  });

  test('are those who have not left', () => {
    const flight = flightOf();
    const [leaves, stays] = [new Visitor(), new Visitor()];
    for (const visitor of [leaves, stays]) flight.join(visitor, undefined, 1_000);
    leaves.gone();
    flight.settle(({ visitor }) => visitor.refuse());
    expect([leaves.got, stays.got]).toEqual([[], ['refused']]);
  });

  test('wait no longer than they have time: then it is the last good copy, or the waiting page', async () => {
    const flight = flightOf();
    const [hurried, patient, copied] = [new Visitor(20), new Visitor(60_000), new Visitor(60_000)];
    flight.join(hurried, undefined, 60_000);
    flight.join(patient, copy, 60_000);
    expect(flight.slow).toBe(false);
    flight.join(copied, copy, 20);
    await Promise.all([until(hurried), until(copied)]);
    expect([hurried.got, copied.got, patient.got]).toEqual([['refused'], ['last_good'], []]);
    expect(flight.slow).toBe(true);
    flight.settle(({ visitor }) => visitor.servePage(copy, 'miss'));
    expect(patient.got).toEqual(['miss']);
  });

  test('come too late when the render has ended', () => {
    const flight = flightOf();
    flight.ended = true;
    expect(flight.join(new Visitor(), copy, 1_000)).toBe(false);
  });
});
