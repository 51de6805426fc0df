import { describe, expect, test } from '@jest/globals';
import { SCALER_DEFAULTS } from '../../../src/engine/primary/scaler/options.ts';
import type { FleetSignals } from '../../../src/engine/primary/scaler/signals.ts';
import {
  followTrial,
  rememberUseless,
  startTrial,
  stillUseless,
  type TrialNews,
} from '../../../src/engine/primary/scaler/trial.ts';

const TICK_MS = 50;
const TICKS = SCALER_DEFAULTS.trialMs / TICK_MS;

/** A trial of a step from 1 to 2 workers that served 200 requests a second before; its verdict after its whole time. */
function tried({ served, pressedTicks = TICKS }: { served: number; pressedTicks?: number }): TrialNews {
  let now = 0;
  let trial = startTrial(1, 2, 200, now);
  const signals = { servedNow: (served * TICK_MS) / 1_000, elu: 0.9, lockShare: 0 } as FleetSignals;
  for (let tick = -1; ; tick++) {
    now += TICK_MS;
    const news = followTrial(trial, signals, tick < pressedTicks, true, now, SCALER_DEFAULTS);
    if (news.verdict !== 'open') return news;
    trial = news.trial;
  }
}

describe('a step that was pressed all along', () => {
  test('is useless when hardly more is served', () => {
    expect(tried({ served: 235 })).toMatchObject({ verdict: 'useless', cause: 'useless' });
  });

  test('is kept when a fifth more is served', () => {
    expect(tried({ served: 245 }).verdict).toBe('kept');
  });
});

test('a load that fell says nothing about the step: it is kept', () => {
  expect(tried({ served: 100, pressedTicks: TICKS / 2 }).verdict).toBe('kept');
  expect(tried({ served: 100, pressedTicks: TICKS - 1 }).verdict).toBe('useless');
});

describe('a useless step', () => {
  const { uselessMs, uselessMaxMs } = SCALER_DEFAULTS;
  const step = startTrial(1, 2, 200, 0);
  const seen = { cause: 'useless', served: 200 } as const;

  test('is tried again after twice the time each, up to the longest; another step begins anew', () => {
    let useless = rememberUseless(undefined, step, seen, 0, SCALER_DEFAULTS);
    const pauses = [useless.pauseMs];
    for (let n = 0; n < 6; n++) {
      useless = rememberUseless(useless, step, seen, 0, SCALER_DEFAULTS);
      pauses.push(useless.pauseMs);
    }
    expect(pauses.slice(0, 3)).toEqual([uselessMs, 2 * uselessMs, 4 * uselessMs]);
    expect(pauses.at(-1)).toBe(uselessMaxMs);
    expect(rememberUseless(useless, startTrial(2, 3, 200, 0), seen, 0, SCALER_DEFAULTS).pauseMs).toBe(uselessMs);
  });

  test('stays useless for its time and its load, from that number of workers on', () => {
    const useless = rememberUseless(undefined, step, seen, 0, SCALER_DEFAULTS);
    expect(stillUseless(useless, 1, 249, uselessMs - 1)).toBe(true);
    expect(stillUseless(useless, 1, 250, uselessMs - 1)).toBe(false);
    expect(stillUseless(useless, 1, 200, uselessMs)).toBe(false);
    expect(stillUseless({ ...useless, above: 2 }, 1, 200, 0)).toBe(false);
  });
});
