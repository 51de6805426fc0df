import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/config.ts';
import { isNetwork, type OperatorAction } from '../../../src/engine/operator-action.ts';
import {
  afterReload,
  controlsOf,
  type Held,
  held,
  MAX_BLOCKED,
  MAX_OFF,
  NOTHING_HELD,
  withHeld,
} from '../../../src/engine/primary/controls.ts';
import { HoldTimes, holdsOf } from '../../../src/engine/primary/holds.ts';

const hold = (before: Held, action: OperatorAction, now = 0): Held => {
  const next = held(before, action, 2, now);
  if (next === undefined || typeof next === 'string') throw new Error(`not held: ${next}`);
  return next.held;
};

describe('what an operator holds', () => {
  test('goes over the settings, and a reload of them ends it; what is closed stays closed', () => {
    const config = readConfig({ TAHAN_WORKERS_MAX: '2', TAHAN_DRY_RUN: '1' }, 2);
    let now = hold(NOTHING_HELD, { do: 'workers', min: 2, max: 4 });
    now = hold(now, { do: 'dry-run', on: false });
    now = hold(now, { do: 'gate', factor: 0.5 });
    now = hold(now, { do: 'feature', path: '/search', on: false });
    expect(withHeld(config, now)).toMatchObject({ workersMin: 2, workersMax: 4 });
    expect(controlsOf(config, now, 0)).toMatchObject({ dryRun: false, gateFactor: 0.5, off: ['/search'] });
    const later = afterReload(now);
    expect(withHeld(config, later)).toMatchObject({ workersMin: 1, workersMax: 2 });
    expect(controlsOf(config, later, 0)).toMatchObject({ dryRun: true, gateFactor: 1, off: ['/search'] });
  });

  test('is told in words with since when and a way back, and each way back ends it', () => {
    const config = readConfig({ TAHAN_WORKERS_MAX: '2' }, 2);
    const actions: OperatorAction[] = [
      { do: 'workers', min: 2, max: 4 },
      { do: 'dry-run', on: true },
      { do: 'gate', factor: 0.5 },
      { do: 'hold-scaling', on: true },
      { do: 'hold-reloads', on: true },
      { do: 'maintenance', on: true },
      { do: 'feature', path: '/search', on: false },
      { do: 'block', network: '203.0.113.0/24', minutes: 60 },
    ];
    const times = new HoldTimes();
    let now = NOTHING_HELD;
    for (const [index, action] of actions.entries()) {
      now = hold(now, action);
      times.note(holdsOf(now, config, 0), index);
    }
    const told = times.note(holdsOf(now, config, 0), 99);
    expect(told.map(({ since }) => since)).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
    expect(told[0]).toMatchObject({ what: '203.0.113.0/24 is blocked', until: 3_600_000 });
    expect(holdsOf(now, config, 3_600_000)).toHaveLength(actions.length - 1);
    for (const [index, { back }] of told.entries()) {
      now = hold(now, back);
      expect(holdsOf(now, config, 0)).toHaveLength(told.length - index - 1);
    }
  });

  test('says that more workers than cores do not help', () => {
    expect(held(NOTHING_HELD, { do: 'workers', min: 1, max: 9 }, 2, 0)).toMatchObject({
      text: expect.stringContaining('2 usable cores'),
    });
  });

  test('a block ends by itself, and each network is there once', () => {
    const action = { do: 'block', network: '203.0.113.0/24', minutes: 1 } as const;
    const now = hold(hold(NOTHING_HELD, action), action, 1_000);
    const config = readConfig({}, 2);
    expect(controlsOf(config, now, 60_999).blocked).toEqual([{ network: '203.0.113.0/24', untilMs: 61_000 }]);
    expect(controlsOf(config, now, 61_000).blocked).toEqual([]);
    expect(hold(now, { ...action, minutes: 0 }, 2_000).blocked).toEqual([]);
  });

  test('is bounded', () => {
    let now = NOTHING_HELD;
    for (let path = 0; path < MAX_OFF; path++) now = hold(now, { do: 'feature', path: `/${path}`, on: false });
    expect(held(now, { do: 'feature', path: '/more', on: false }, 2, 0)).toContain('At most');
    for (let last = 0; last < MAX_BLOCKED; last++)
      now = hold(now, { do: 'block', network: `10.0.0.${last}`, minutes: 5 });
    expect(held(now, { do: 'block', network: '10.0.1.1', minutes: 5 }, 2, 0)).toContain('At most');
  });

  test.each([
    ['203.0.113.9', true],
    ['203.0.113.0/24', true],
    ['2001:db8::/48', true],
    ['0.0.0.0/0', false],
    ['10.0.0.0/7', false],
    ['::/0', false],
    ['300.1.1.1', false],
    ['example.org', false],
  ])('%s is a network: %s', (text, is) => expect(isNetwork(text)).toBe(is));
});
