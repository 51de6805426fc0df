import { describe, expect, test } from '@jest/globals';
import { CronError, readCron } from '../../../src/engine/stress/cron.ts';
import { whyNotNow, whyStop } from '../../../src/engine/stress/quiet.ts';
import { sampleAt } from '../monitor/ops/fixture.ts';

const NOW = Date.UTC(2026, 10, 28, 4);
const quiet = sampleAt(NOW, 0.1, {
  modeSince: NOW - 3_600_000,
  host: { cores: 2, idleCores: 1.8, stealShare: 0, memoryAvailableBytes: 4e9, memoryLimitBytes: 8e9 },
});
const host = (more: Partial<typeof quiet.host>): typeof quiet => ({ ...quiet, host: { ...quiet.host, ...more } });

describe('a test', () => {
  test('begins in a quiet hour', () => {
    expect(whyNotNow(quiet, undefined)).toBeUndefined();
  });

  test.each([
    ['an event', quiet, 'the sale', 'the event the sale is near'],
    ['a busy server', { ...quiet, mode: 'busy' as const }, undefined, 'the server is busy'],
    ['a server calm for a moment only', { ...quiet, modeSince: NOW - 30_000 }, undefined, 'calm for 30 s only'],
    ['load', { ...quiet, loadRatio: { loop: 0.1, pool: 0.4, elsewhere: 0 } }, undefined, 'visitors use 40 %'],
    ['steal', host({ stealShare: 0.05 }), undefined, 'other machines take 5 %'],
    ['no idle core', host({ idleCores: 0.2 }), undefined, 'no core is free'],
    ['too little memory', host({ memoryAvailableBytes: 4e8 }), undefined, 'too little memory'],
  ])('does not begin with %s', (_, sample, event, why) => {
    expect(whyNotNow(sample, event)).toContain(why);
  });

  test('goes on though it takes the idle core itself', () => {
    expect(whyStop(host({ idleCores: 0 }), undefined, 40)).toBeUndefined();
  });

  test.each([
    ['an event', quiet, 'the sale', 'the event the sale is near'],
    ['a busy server', { ...quiet, mode: 'busy' as const }, undefined, 'the server is busy'],
    [
      'visitors who come more and more',
      { ...quiet, outcomes: { ...quiet.outcomes, fresh: 500 } },
      undefined,
      'more and more',
    ],
    ['steal', host({ stealShare: 0.05 }), undefined, 'other machines take'],
    [
      'visitors who wait',
      { ...quiet, workers: quiet.workers.map((worker) => ({ ...worker, queueDelayMs: 25 })) },
      undefined,
      'visitors wait (25 ms)',
    ],
  ])('ends with %s', (_, sample, event, why) => {
    expect(whyStop(sample, event, 40)).toContain(why);
  });
});

describe('the schedule', () => {
  test('is of its time zone', () => {
    const noon = Date.UTC(2026, 10, 28, 12);
    expect(readCron('0 4 * * * Asia/Jakarta').next(noon)).toBe(Date.UTC(2026, 10, 28, 21));
    // The night in which the clocks go forward has no half past two: it is run once all the same.
    const spring = readCron('30 2 * * * Europe/Berlin').next(Date.UTC(2027, 2, 28))!;
    expect(new Date(spring).getUTCDate()).toBe(28);
  });

  test.each(['x', '0 25 * * *', '* * * * * *', '0 4 * * * Mars/Phobos', '0 4 * *', '0 4 * * * UTC UTC'])(
    'is refused as %s',
    (text) => {
      expect(() => readCron(text)).toThrow(CronError);
    },
  );
});
