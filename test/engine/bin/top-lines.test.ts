import { describe, expect, test } from '@jest/globals';
import { type Now, topLines } from '../../../src/engine/bin/top-lines.ts';
import { sampleAt } from '../monitor/ops/fixture.ts';

const AT = 1_800_000_000_000;
const now = (more: Partial<Now> = {}): Now => {
  const samples = Array.from({ length: 30 }, (_, second) => sampleAt(AT - (29 - second) * 1_000, 2.5));
  return { now: AT, sample: samples.at(-1)!, recent: samples, alerts: [], ...more };
};
const text = (lines: readonly string[]): string => lines.join('\n');

describe('the glance in a terminal', () => {
  test('says what the top of /ops says, what is held, and the fleet', () => {
    const shown = text(topLines(now(), 200, 100));
    expect(shown).toContain('SATURATED for 60 s: the gate of worker-1 refuses');
    expect(shown).toContain('8 % are asked to wait');
    expect(shown).toContain('80 asked to wait');
    expect(shown).toMatch(/limit +It is the event loop/);
    expect(shown).toMatch(/refused +80 a second, at \/posts 100 %: too much work ahead \(100 %\)\./);
    expect(shown).toMatch(/workers +2 of 2 wanted serve \(from 1 to 2\), spares: 1/);
    expect(shown).toContain('HELD       Scaling is held (for 2 min)');
    expect(shown).toMatch(/worker-3 +spare/);
  });

  test('names the three routes and reasons by which most are asked to wait', () => {
    const counts = { '/a': 50, '/b': 30, '/c': 15, '/d': 5 };
    const refusedWhere = Object.entries(counts).map(([route, count]) => ({ route, count }));
    const sample = sampleAt(AT, 2.5, { refusedWhere, refusedWhy: { queue: 50, codel: 30, pool: 15, waiters: 5 } });
    const shown = text(topLines({ ...now({ sample }), recent: [] }, 400, 100));
    expect(shown).toMatch(
      /refused .*, at \/a 50 %, \/b 30 %, \/c 15 %: [^:]+ \(50 %\), [^:]+ \(30 %\), [^:]+ \(15 %\)\.$/m,
    );
  });

  test('says of a server on which no worker answers that none does, not that nothing limits it', () => {
    const [worker] = sampleAt(AT).workers;
    const workers = [
      { ...worker!, state: 'silent' },
      { ...worker!, name: 'worker-2', state: 'starting' },
    ];
    const sample = sampleAt(AT, 0.5, { mode: 'down', workers });
    const shown = text(topLines(now({ sample }), 200, 100));
    expect(shown).toMatch(/limit +No worker answers: 1 silent, 1 starting\./);
    expect(shown).toMatch(/workers +0 of 2 wanted serve/);
  });

  test('shows alerts that fire and are not muted, and nothing of them steers the terminal', () => {
    const alert = {
      name: 'surge',
      severity: 'critical',
      since: AT - 5_000,
      state: 'firing',
      mutedUntil: 0,
      quietSince: null,
    } as const;
    const alerts = [
      { ...alert, text: 'from \x1b[2Jnews.example' },
      { ...alert, text: 'muted', mutedUntil: AT + 1 },
      { ...alert, text: 'over', state: 'resolved' as const },
    ];
    const shown = text(topLines(now({ alerts }), 200, 100));
    expect(shown).toContain('ALERT      from  [2Jnews.example (5 s ago)');
    expect([shown.includes('muted'), shown.includes('over ('), shown.includes('\x1b')]).toEqual([false, false, false]);
  });

  test('fits the terminal, with 64 workers too', () => {
    const [worker] = sampleAt(AT).workers;
    const workers = Array.from({ length: 64 }, (_, index) => ({ ...worker!, name: `worker-${index + 1}` }));
    const lines = topLines(now({ sample: { ...sampleAt(AT), workers } }), 80, 24);
    expect(lines).toHaveLength(24);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(lines.at(-1)).toContain('more lines');
  });

  test('says that nothing is known yet', () =>
    expect(topLines(now({ sample: null }), 80, 24)).toEqual([expect.stringContaining('Nothing is known yet')]));
});
