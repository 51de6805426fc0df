import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Planned, planFleet, STARTING_AT_ONCE } from '../../../src/engine/primary/fleet-plan.ts';

const MAX = 4;

/** A fleet whose processes do what the test says; the plan is carried out as the fleet does it. */
class Model {
  members: Planned[] = [];
  target = 1;
  spares = 1;
  private ids = 0;
  /** So many of the next forks fail: the process ends before it was one. */
  failing = 0;

  fork(reserved = false): void {
    if (this.failing > 0) this.failing -= 1;
    else this.members.push({ id: ++this.ids, state: 'starting', stays: !reserved, reserved, inFlight: this.ids % 3 });
  }

  private in(...states: Planned['state'][]): Planned[] {
    return this.members.filter(({ state }) => states.includes(state));
  }

  tick(mayFork = true): void {
    const { promote, drain, fork } = planFleet(this.members, this.target, this.spares);
    const before = this.in('serving').filter(({ reserved }) => !reserved).length;
    for (const id of promote) this.of(id).state = 'promoting';
    for (const id of drain) this.of(id).state = 'draining';
    if (mayFork) for (let n = 0; n < fork; n++) this.fork();
    this.check(before, fork);
  }

  private of = (id: number): Planned => this.members.find((member) => member.id === id)!;

  private check(servedBefore: number, forked: number): void {
    const serving = this.in('serving').filter(({ reserved }) => !reserved).length;
    // Nobody is drained before as many as are wanted serve besides.
    expect(serving).toBeGreaterThanOrEqual(Math.min(servedBefore, this.target));
    const stay = this.members.filter(({ stays, reserved }) => stays && !reserved);
    const count = (...states: Planned['state'][]): number => stay.filter(({ state }) => states.includes(state)).length;
    if (count('promoting') > 0) expect(count('serving', 'promoting')).toBeLessThanOrEqual(MAX);
    if (forked > 0) expect(count('serving', 'promoting', 'starting', 'spare')).toBeLessThanOrEqual(MAX + 1);
    expect(forked).toBeLessThanOrEqual(STARTING_AT_ONCE);
    // A plan that was carried out leaves nothing to be done at once but to start processes.
    const again = planFleet(this.members, this.target, this.spares);
    expect([again.promote, again.drain]).toEqual([[], []]);
  }

  /** The system does its part for each process once. */
  settle(): void {
    for (const member of [...this.members]) {
      if (member.state === 'starting') member.state = 'spare';
      else if (member.state === 'promoting') member.state = 'serving';
      else if (member.state === 'draining') this.members.splice(this.members.indexOf(member), 1);
    }
  }
}

type Step = (model: Model) => void;
const nth = (model: Model, index: number): Planned | undefined =>
  model.members[index % Math.max(1, model.members.length)];
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.boolean().map(
      (mayFork): Step =>
        (model) =>
          model.tick(mayFork),
    ),
  },
  { weight: 4, arbitrary: fc.constant<Step>((model) => model.settle()) },
  // A death, in any state.
  {
    weight: 3,
    arbitrary: fc.nat(20).map(
      (index): Step =>
        (model) =>
          void model.members.splice(index % Math.max(1, model.members.length), 1),
    ),
  },
  // All die at once.
  fc.constant<Step>((model) => void model.members.splice(0)),
  fc.nat(5).map(
    (failing): Step =>
      (model) => {
        model.failing = failing;
      },
  ),
  fc.tuple(fc.integer({ min: 1, max: MAX }), fc.integer({ min: 0, max: 1 })).map(
    ([target, spares]): Step =>
      (model) => {
        model.target = target;
        model.spares = spares;
      },
  ),
  // A place is to be given to another one, as for its memory.
  fc.nat(20).map(
    (index): Step =>
      (model) => {
        const member = nth(model, index);
        if (member !== undefined) member.stays = false;
      },
  ),
  // A reload: one on trial, and then its generation is the fleet's.
  fc.constant<Step>((model) => model.fork(true)),
  fc.constant<Step>((model) => {
    for (const member of model.members) {
      member.stays = member.reserved;
      member.reserved = false;
    }
  }),
);

describe('the plan of the fleet', () => {
  test('is never stuck, never over the most, and always gets there, whatever came between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (history) => {
        const model = new Model();
        for (const each of history) each(model);
        // From here on nothing goes wrong: a reload on trial is given up, forks succeed.
        model.members = model.members.filter(({ reserved }) => !reserved);
        model.failing = 0;
        for (let round = 0; round < 40; round++) {
          model.tick();
          model.settle();
        }
        const count = (state: Planned['state']): number =>
          model.members.filter((member) => member.state === state).length;
        expect([count('serving'), count('spare'), model.members.length]).toEqual([
          model.target,
          model.spares,
          model.target + model.spares,
        ]);
        expect(model.members.every(({ stays }) => stays)).toBe(true);
      }),
      { seed: 20_261_128, numRuns: 500 },
    );
  });

  const member = (id: number, state: Planned['state'], more: Partial<Planned> = {}): Planned => ({
    id,
    state,
    stays: true,
    reserved: false,
    inFlight: 0,
    ...more,
  });

  test('gives a free place to the spare, and forks the next one', () => {
    expect(planFleet([member(1, 'serving'), member(2, 'spare')], 2, 1)).toEqual({ promote: [2], drain: [], fork: 1 });
  });

  test('forks serving places two at a time, a spare alone, and one by one where the old ones still serve', () => {
    expect(planFleet([], 8, 1).fork).toBe(2);
    expect(planFleet([member(1, 'starting')], 8, 1).fork).toBe(1);
    expect(planFleet([member(1, 'serving')], 1, 1).fork).toBe(1);
    expect(planFleet([member(1, 'serving'), member(2, 'starting')], 1, 2).fork).toBe(0);
    expect(planFleet([member(1, 'serving', { stays: false }), member(2, 'serving', { stays: false })], 2, 0).fork).toBe(
      1,
    );
  });

  test('lets go first of whose place is taken, then of the least busy', () => {
    const members = [
      member(1, 'serving', { inFlight: 5 }),
      member(2, 'serving', { inFlight: 1 }),
      member(3, 'serving', { stays: false, inFlight: 9 }),
    ];
    expect(planFleet(members, 2, 0).drain).toEqual([3]);
    expect(planFleet(members, 1, 0).drain).toEqual([3, 2]);
  });

  test('leaves one of a reload on trial alone', () => {
    const onTrial = { stays: false, reserved: true };
    expect(planFleet([member(1, 'serving'), member(2, 'serving', onTrial), member(3, 'spare', onTrial)], 1, 0)).toEqual(
      {
        promote: [],
        drain: [],
        fork: 0,
      },
    );
  });
});
