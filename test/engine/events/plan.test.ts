import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PlannedEvent } from '../../../src/engine/events/event.ts';
import { eventPlan, PREPARE_MS } from '../../../src/engine/events/plan.ts';

const START = Date.UTC(2026, 11, 1, 13);
const event = (some: Partial<PlannedEvent> = {}): PlannedEvent => ({
  id: 'a1',
  name: 'Launch',
  startAt: START,
  forMs: 7_200_000,
  pages: ['/posts/launch'],
  prequeueMs: 300_000,
  dryRun: false,
  at: '2026-12-01T20:00+07:00',
  ...some,
});

describe('what is done for an event', () => {
  test('before it nothing, then it is prepared, then visitors gather, then it goes on, then all is as before', () => {
    const plan = (ms: number) => eventPlan([event()], START + ms);
    expect(plan(-300_000 - PREPARE_MS - 1).floor).toBe(false);
    expect(plan(-300_000 - PREPARE_MS)).toMatchObject({ floor: true, steady: false, armed: false, hold: undefined });
    expect(plan(-300_000)).toMatchObject({
      floor: true,
      steady: true,
      armed: true,
      hold: { startAt: START, windowMs: 300_000, pages: ['/posts/launch'] },
    });
    expect(plan(0)).toMatchObject({ floor: true, steady: true, armed: true, hold: undefined });
    expect(plan(7_200_000)).toEqual(eventPlan([], START));
  });

  test('a dry run does nothing', () => {
    expect(eventPlan([event({ dryRun: true })], START)).toEqual(eventPlan([], START));
  });

  test('of two that gather visitors the first is first', () => {
    const later = event({ id: 'b2', startAt: START + 60_000, pages: ['/b'] });
    expect(eventPlan([later, event()], START - 1_000).hold?.startAt).toBe(START);
    expect(eventPlan([later, event()], START + 1_000).hold?.startAt).toBe(START + 60_000);
  });

  const events = fc.array(
    fc.record({
      startAt: fc.integer({ min: START - 86_400_000, max: START + 86_400_000 }),
      forMs: fc.integer({ min: 1_000, max: 86_400_000 }),
      prequeueMs: fc.integer({ min: 0, max: 3_600_000 }),
    }),
    { maxLength: 6 },
  );
  const made = (list: { startAt: number; forMs: number; prequeueMs: number }[]): PlannedEvent[] =>
    list.map((one, index) => event({ ...one, id: `e${index}` }));

  test('overlapping events are one: the plan is on exactly while one of them is', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: -90_000_000, max: 180_000_000 }), (list, ms) => {
        const all = made(list);
        const now = START + ms;
        const each = all.map((one) => eventPlan([one], now));
        const plan = eventPlan(all, now);
        expect(plan.floor).toBe(each.some(({ floor }) => floor));
        expect(plan.steady).toBe(each.some(({ steady }) => steady));
        expect(plan.armed).toBe(each.some(({ armed }) => armed));
        expect([...plan.active].sort()).toEqual(each.flatMap(({ active }) => active).sort());
      }),
    );
  });

  test('a clock that is moved, forward or back, needs nothing of its own: the plan depends on the time only', () => {
    fc.assert(
      fc.property(
        events,
        fc.array(fc.integer({ min: -90_000_000, max: 180_000_000 }), { maxLength: 8 }),
        (list, moves) => {
          const all = made(list);
          let now = START;
          for (const move of moves) {
            eventPlan(all, now);
            now = START + move;
            const { hold } = eventPlan(all, now);
            // Nobody is gathered for what has begun.
            if (hold !== undefined) expect(now).toBeLessThan(hold.startAt);
          }
          expect(eventPlan(all, now)).toEqual(eventPlan([...all], now));
        },
      ),
    );
  });
});
