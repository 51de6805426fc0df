import { describe, expect, test } from '@jest/globals';
import { type ModeInput, type ModeState, modeAtStart, nextMode } from '../../../src/engine/primary/mode.ts';
import { noSilence, type Silence } from '../../../src/engine/primary/silence.ts';
import { serving } from './views.ts';

const input = (changes: Partial<ModeInput>): ModeInput => ({
  workers: [],
  silence: noSilence(0),
  backlog: 0,
  lifeboat: false,
  ...changes,
});
const silent = (ms: Record<string, number>): Silence => ({
  tickAt: 0,
  byName: new Map(Object.entries(ms).map(([name, value]) => [name, { heardAt: 0, ms: value }])),
});
const calm: ModeState = { mode: 'calm', reason: 'every worker has room', calledForAt: 0, elu: 0.1, at: 0 };
const well = serving('worker-1', 0);

describe('the mode', () => {
  test('is down with no worker, and says who answers', () => {
    expect(nextMode(input({}), modeAtStart(0), 100)).toMatchObject({ mode: 'down', reason: 'starting' });
    expect(nextMode(input({}), calm, 100)).toMatchObject({ mode: 'down', reason: 'no worker serves' });
    const state = nextMode(input({ workers: [well], silence: silent({ 'worker-1': 500 }), lifeboat: true }), calm, 100);
    expect(state).toMatchObject({ mode: 'down', reason: 'no beat from worker-1; the lifeboat answers' });
  });

  test('comes back from down at once', () => {
    expect(nextMode(input({ workers: [well] }), { ...calm, mode: 'down' }, 100).mode).toBe('calm');
  });

  test.each([
    ['a long queue', { queueDelayMs: 140 }, 'saturated', 'queue delay 140 ms on worker-2'],
    ['a short queue', { queueDelayMs: 30 }, 'busy', 'queue delay 30 ms on worker-2'],
    ['refusals on one of three', { saturated: true }, 'busy', 'the gate of worker-2 refuses'],
    ['lag', { lagP99Ms: 55 }, 'busy', 'event-loop lag 55 ms on worker-2'],
    ['nothing', {}, 'calm', 'every worker has room'],
  ])('for %s', (_, changes, mode, reason) => {
    const workers = [well, serving('worker-2', 0, changes), serving('worker-3', 0)];
    expect(nextMode(input({ workers }), calm, 100)).toMatchObject({ mode, reason });
  });

  test('is saturated when half of the workers refuse, or half of them are blocked, or many wait to be accepted', () => {
    const refusing = serving('worker-2', 0, { saturated: true });
    expect(nextMode(input({ workers: [well, refusing] }), calm, 100).mode).toBe('saturated');
    const workers = [well, serving('worker-2', 0)];
    expect(nextMode(input({ workers, silence: silent({ 'worker-2': 500 }) }), calm, 100)).toMatchObject({
      mode: 'saturated',
      reason: 'no beat from worker-2 of 2 workers',
    });
    expect(nextMode(input({ workers, backlog: 400 }), calm, 100).reason).toBe('400 connections wait to be accepted');
  });

  test('knows what the work takes: renders of 60 ms wait for one another without harm', () => {
    const at = (changes: object) =>
      nextMode(input({ workers: [serving('worker-1', 0, { workUnitMs: 60, ...changes })] }), calm, 100).mode;
    expect(at({ queueDelayMs: 200, lagP99Ms: 120 })).toBe('calm');
    expect(at({ queueDelayMs: 300 })).toBe('busy');
    expect(at({ lagP99Ms: 300 })).toBe('busy');
    expect(at({ queueDelayMs: 800 })).toBe('saturated');
  });

  test('does not take one slow request for saturation', () => {
    // 50 jobs of 5 ms and one of 150: a unit of 59 ms.
    const workers = [serving('worker-1', 0, { workUnitMs: 59, queueDelayMs: 140, lagP99Ms: 150 })];
    expect(nextMode(input({ workers }), calm, 100).mode).toBe('calm');
  });

  test('judges a silence by the work, too', () => {
    const workers = [serving('worker-1', 0, { workUnitMs: 60 })];
    expect(nextMode(input({ workers, silence: silent({ 'worker-1': 700 }) }), calm, 100).mode).toBe('calm');
    expect(nextMode(input({ workers, silence: silent({ 'worker-1': 750 }) }), calm, 100).mode).toBe('down');
  });

  test('takes a high utilisation for busy only when it lasts', () => {
    const workers = [serving('worker-1', 0, { elu: 1 })];
    const burst = nextMode(input({ workers }), calm, 100);
    expect(burst.mode).toBe('calm');
    let state = burst;
    for (let now = 200; now <= 3_000; now += 100) state = nextMode(input({ workers }), state, now);
    expect(state.mode).toBe('busy');
    expect(state.reason).toMatch(/^event-loop utilisation 0\.8/);
  });

  test('gets calmer only after a second without need, and not for a signal just under its threshold', () => {
    const saturated = nextMode(input({ workers: [serving('worker-1', 0, { queueDelayMs: 120 })] }), calm, 100);
    const eased = input({ workers: [serving('worker-1', 0, { queueDelayMs: 95 })] });
    expect(nextMode(eased, saturated, 5_000).mode).toBe('saturated');
    const over = input({ workers: [well] });
    expect(nextMode(over, saturated, 1_050).mode).toBe('saturated');
    expect(nextMode(over, saturated, 1_150).mode).toBe('calm');
  });

  test('keeps the reason that it was taken for', () => {
    const first = nextMode(input({ workers: [serving('worker-1', 0, { queueDelayMs: 120 })] }), calm, 100);
    expect(nextMode(input({ workers: [serving('worker-1', 0, { queueDelayMs: 180 })] }), first, 200).reason).toBe(
      'queue delay 120 ms on worker-1',
    );
  });
});
