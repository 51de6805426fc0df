import { beforeAll, describe, expect, test } from '@jest/globals';
import { kendallTau } from '../../../scripts/load/statistics.ts';
import { loopServer, placesServer, type SimulatedServer } from './simulated-servers.ts';
import { type Outcome, type Person, person, seeded, simulate } from './simulation.ts';

/** Room for 50 a second: one thing after the other, each of 20 ms in the mean; or 20 at once, each waiting 400 ms elsewhere. */
const SERVERS: Record<string, (random: () => number) => SimulatedServer> = {
  'renders of unequal cost': (random) => loopServer(20, () => -20 * Math.log(1 - random())),
  'pages that wait elsewhere': () => placesServer(20, 400),
};
/** 5,000 people come within 20 s; a fifth gives up some time after. */
const SECONDS = 20_000;
const crowd = (server: (random: () => number) => SimulatedServer, seed: number): Outcome => {
  const random = seeded(seed);
  const people: Person[] = Array.from({ length: 5_000 }, () => {
    const arrivesAt = random() * SECONDS;
    return person({
      arrivesAt,
      cls: random() < 0.1 ? 'm' : 'n',
      leavesAt: random() < 0.2 ? arrivesAt + 4_000 + random() * 60_000 : Number.POSITIVE_INFINITY,
    });
  });
  return simulate(people, server(random), random);
};
const landed = ({ people }: Outcome): Person[] => people.filter((one) => one.ticket && one.landedAt !== undefined);

const CASES = Object.entries(SERVERS).flatMap(([name, server]) => [1, 2].map((seed) => ({ name, server, seed })));

describe.each(CASES)('5,000 people for a site with room for 50 a second: $name (seed $seed)', ({ server, seed }) => {
  let outcome: Outcome;
  beforeAll(() => {
    outcome = crowd(server, seed);
  });

  test('those who stay land in the order in which they came', () => {
    const line = landed(outcome).filter(({ cls }) => cls === 'n');
    expect(line.length).toBeGreaterThan(3_000);
    expect(
      kendallTau(
        line.map(({ order }) => order),
        line.map(({ landedAt }) => landedAt!),
      ),
    ).toBeGreaterThan(0.99);
  });

  test('what they are told is right within a quarter, in the median', () => {
    const errors = landed(outcome)
      .flatMap(({ told, landedAt }) =>
        told === undefined ? [] : [Math.abs(told.seconds * 1_000 - (landedAt! - told.at)) / (landedAt! - told.at)],
      )
      .sort((a, b) => a - b);
    expect(errors.length).toBeGreaterThan(3_000);
    expect(errors[errors.length >> 1]).toBeLessThan(0.25);
  });

  test('the server works all the time', () => {
    expect(outcome.used).toBeGreaterThan(0.95);
  });

  test('everybody who stays lands, and nobody who left holds a place', () => {
    const left = outcome.people.filter(({ leavesAt }) => leavesAt !== Number.POSITIVE_INFINITY).length;
    expect(outcome.people.filter(({ landedAt }) => landedAt === undefined).length).toBeLessThanOrEqual(left);
    // With places kept for those who left it would take the time that all of them take.
    const done = outcome.people.filter(({ landedAt }) => landedAt !== undefined).length;
    expect(Math.max(...landed(outcome).map(({ landedAt }) => landedAt!))).toBeLessThan(done * 20 * 1.1);
    expect(outcome.waitingAfter).toBe(0);
  });

  test('members go first', () => {
    const members = landed(outcome).filter(({ cls }) => cls === 'm');
    const waits = members.map((one) => one.landedAt! - one.arrivesAt).sort((a, b) => a - b);
    // Those who come within the first second had to find no room first.
    expect(waits[members.length >> 1]).toBeLessThan(10_000);
    expect(Math.max(...members.map(({ landedAt }) => landedAt!))).toBeLessThan(35_000);
  });
});
