import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/config.ts';
import { createCare } from '../../../src/engine/primary/care.ts';
import type { Fleet, KillReason, Member } from '../../../src/engine/primary/fleet.ts';
import type { Decision } from '../../../src/engine/primary/scaler.ts';
import { createScaling } from '../../../src/engine/primary/scaling.ts';
import { noSilence, type Silence } from '../../../src/engine/primary/silence.ts';
import { host, serving } from './views.ts';

const MIB = 2 ** 20;
const config = (env: NodeJS.ProcessEnv = {}) => readConfig(env, 2);

/** What the fleet is told; its workers are views that the test changes. */
function fakeFleet(members: Partial<Member>[]) {
  const told: unknown[] = [];
  let target = 0;
  const fleet = {
    members: new Map(
      members.map((member, id) => [id, { reserved: false, condemned: false, killedFor: undefined, ...member }]),
    ),
    get target() {
      return target;
    },
    aim(next: number, spares: number) {
      if (target !== next) told.push(['aim', next, spares]);
      target = next;
    },
    replace: (member: Member) => told.push(['replace', member.name]),
    end(member: Member, why: KillReason) {
      member.killedFor = why;
      told.push(['end', member.name, why]);
    },
  };
  return { fleet: fleet as unknown as Fleet, told };
}

const PRESSED = { elu: 1, queueDelayMs: 100, inFlight: 5 };

describe('the scaler at work', () => {
  function run(scaler: 'off' | 'observe' | 'on', workers = [serving('worker-1', 0, PRESSED)], seconds = 3) {
    const { fleet, told } = fakeFleet(workers);
    const decisions: Decision[] = [];
    const scaling = createScaling({
      fleet,
      onDecision: (decision) => decisions.push(decision),
      readHost: () => host(),
    });
    const settings = config({ TAHAN_SCALER: scaler, TAHAN_WORKERS_MAX: '2' });
    for (let now = 0; now < seconds * 1_000; now += 100) {
      for (const member of fleet.members.values()) {
        member.lastSignAt = now;
        member.beat = { ...member.beat!, completed: now / 10, arrived: now / 10 };
      }
      scaling.tick(settings, noSilence(now), undefined, now);
    }
    return { told, decisions, journal: scaling.journal };
  }

  test('on: begins with the fewest, and steps up', () => {
    const { told, decisions, journal } = run('on');
    expect(told[0]).toEqual(['aim', 1, 1]);
    expect(told[1]).toEqual(['aim', 2, expect.any(Number)]);
    expect(decisions[0]).toMatchObject({ action: 'up', target: 2 });
    expect(journal[0]?.reason).toMatch(/^scale up 1 -> 2: /);
  });

  test('off: holds the most, and says nothing', () => {
    expect(run('off')).toEqual({ told: [['aim', 2, 0]], decisions: [], journal: [] });
  });

  test('observe: holds the most, and says what it would do', () => {
    const { told, decisions, journal } = run('observe', [serving('worker-1', 0), serving('worker-2', 0)], 90);
    expect(told).toEqual([['aim', 2, 1]]);
    expect(decisions).toMatchObject([{ action: 'down', target: 1, cause: 'calm' }]);
    expect(journal).toHaveLength(1);
  });
});

describe('care for workers', () => {
  const silent = (name: string, ms: number): Silence => ({ tickAt: 0, byName: new Map([[name, { heardAt: 0, ms }]]) });

  test('one without a sign of life for 10 s is ended once, a busy one never', () => {
    const { fleet, told } = fakeFleet([serving('worker-1', 0), serving('worker-2', 0)]);
    const words: string[] = [];
    const care = createCare({ fleet, onRecycle: (_, how, line) => words.push(`${how}: ${line}`) });
    care.tick(config(), host(), silent('worker-1', 9_990), false, 0);
    expect(told).toEqual([]);
    for (const at of [1, 2]) care.tick(config(), host(), silent('worker-1', 10_000), false, at);
    expect(told).toEqual([['end', 'worker-1', 'no_progress']]);
    expect(words).toEqual(['now: worker-1 gave no sign of life for 10000 ms: ended']);
  });

  test('one that does not get ready is ended', () => {
    const { fleet, told } = fakeFleet([{ ...serving('worker-1', 0), state: 'starting', startedAt: 0 }]);
    const care = createCare({ fleet, onRecycle: () => {} });
    care.tick(config({ TAHAN_START_MS: '5000' }), host(), noSilence(0), false, 4_999);
    expect(told).toEqual([]);
    care.tick(config({ TAHAN_START_MS: '5000' }), host(), silent('worker-1', 20_000), false, 5_000);
    expect(told).toEqual([['end', 'worker-1', 'start_timeout']]);
  });

  test('one that was lent the port and does not come to listen is ended', () => {
    const { fleet, told } = fakeFleet([{ ...serving('worker-1', 0), state: 'promoting', promotedAt: 1_000 }]);
    const care = createCare({ fleet, onRecycle: () => {} });
    care.tick(config({ TAHAN_START_MS: '5000' }), host(), noSilence(0), false, 5_999);
    expect(told).toEqual([]);
    care.tick(config({ TAHAN_START_MS: '5000' }), host(), noSilence(0), false, 6_000);
    expect(told).toEqual([['end', 'worker-1', 'start_timeout']]);
  });

  test('one over its soft limit is replaced, one over its hard limit ended; not both at once', () => {
    const settings = config({ TAHAN_RSS_SOFT_MB: '300', TAHAN_RSS_HARD_MB: '500' });
    const { fleet, told } = fakeFleet([serving('worker-1', 0, { rssBytes: 400 * MIB })]);
    const care = createCare({ fleet, onRecycle: () => {} });
    // It has served for a minute, and is looked at once a second.
    care.tick(settings, host(), noSilence(0), true, 60_000);
    expect(told).toEqual([]); // the fleet is in the middle of something
    care.tick(settings, host(), noSilence(0), false, 60_500);
    expect(told).toEqual([]);
    care.tick(settings, host(), noSilence(0), false, 61_000);
    expect(told).toEqual([['replace', 'worker-1']]);
    const big = fakeFleet([serving('worker-1', 0, { rssBytes: 600 * MIB })]);
    createCare({ fleet: big.fleet, onRecycle: () => {} }).tick(settings, host(), noSilence(0), true, 0);
    expect(big.told).toEqual([['end', 'worker-1', 'memory']]);
  });
});
