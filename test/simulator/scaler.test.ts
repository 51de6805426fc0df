import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { type Run, simulate } from '../../scripts/simulate/run.ts';
import { TRACES, type Trace, traceNamed } from '../../scripts/simulate/traces.ts';
import { SCALER_DEFAULTS } from '../../src/engine/primary/scaler/options.ts';

const SEEDS = [1, 2, 3];
/** Traces of hours run once. */
const seedsOf = (trace: Trace): number[] => (trace.seconds > 1_000 ? [1] : SEEDS);
const ups = (run: Run) => run.steps.filter((step) => step.target > step.before);
const downs = (run: Run) => run.steps.filter((step) => step.action === 'down');

/** What must hold on every trace. */
function expectInvariants(trace: Trace, run: Run): void {
  expect(run.least).toBeGreaterThanOrEqual(trace.min);
  expect(run.most).toBeLessThanOrEqual(trace.max);
  for (const step of run.steps) {
    expect(step.target).toBeGreaterThanOrEqual(trace.min);
    expect(step.target).toBeLessThanOrEqual(trace.max);
    expect(step.underWay).toBe(0);
    if (step.target > step.before)
      expect(step.idleCores).toBeGreaterThanOrEqual(SCALER_DEFAULTS.idleCores * (step.target - step.before));
    expect(step.reason).toContain(`${step.before} -> ${step.target}: `);
  }
}

describe('on every trace', () => {
  test.each(TRACES.filter(({ name }) => name !== 'day'))(
    '$name: within bounds, never up without idle cores, one operation at a time',
    (trace) => {
      for (const seed of seedsOf(trace)) expectInvariants(trace, simulate(trace, seed));
    },
  );

  test('the same seed gives the same run', () => {
    const trace = traceNamed('spike');
    expect(simulate(trace, 7)).toEqual(simulate(trace, 7));
  });
});

test('a day of 24 hours: few steps, hardly any refusals, fewer workers at night', async () => {
  const trace = traceNamed('day');
  // In a process of its own: jest's module sandbox makes a tick five times as dear.
  const module = (name: string): string =>
    JSON.stringify(new URL(`../../scripts/simulate/${name}.ts`, import.meta.url).href);
  const code = `
    import { simulate } from ${module('run')};
    import { traceNamed } from ${module('traces')};
    const run = simulate(traceNamed('day'), 1);
    console.log(JSON.stringify({ run, tookMs: performance.now() }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
  const { run, tookMs } = JSON.parse(stdout) as { run: Run; tookMs: number };
  process.stdout.write(`24 h simulated in ${Math.round(tookMs)} ms\n`);
  expectInvariants(trace, run);
  expect(run.steps.length).toBeLessThan(20);
  expect(run.overloadSeconds).toBeLessThan(30);
  expect(run.workerSeconds).toBeLessThan(trace.seconds * 2);
  expect(run.flaps).toBeLessThanOrEqual(2);
});

describe.each(SEEDS)('seed %i', (seed) => {
  test('step: decided within 3 beats, and the spare serves within one more', () => {
    const run = simulate(traceNamed('step'), seed);
    expect(run.decidedMs).toBeLessThanOrEqual(300);
    expect(run.reactedMs).toBeLessThanOrEqual(400);
    expect(run.most).toBe(2);
  });

  test('panic on 8 cores: from 1 to at least 7 workers within 3 s, in doubling steps', () => {
    const run = simulate(traceNamed('panic, 8 cores'), seed);
    const added = ups(run)
      .filter(({ atMs }) => atMs < 33_000)
      .map((step) => step.target - step.before);
    expect(added.slice(0, 2)).toEqual([1, 2]);
    expect(added.reduce((sum, count) => sum + count, 1)).toBeGreaterThanOrEqual(7);
  });

  test('CPU-bound at max: not one fork after the steps to it', () => {
    const run = simulate(traceNamed('CPU-bound at max'), seed);
    // The spare that stood ready before the load is the only process beyond the first.
    expect(run.forks).toBe(1);
    expect(run.steps).toHaveLength(1);
    expect(run.vetoes.max).toBeGreaterThan(2_500);
  });

  test.each([
    ['noisy neighbour', 'cpu'],
    ['lock-bound', 'lock'],
    ['upstream-bound', 'upstream'],
  ] as const)('%s: never up, the veto says %s', (name, cause) => {
    const run = simulate(traceNamed(name), seed);
    expect(run.steps).toEqual([]);
    expect(Object.keys(run.vetoes)).toEqual([cause]);
  });

  test('lock-bound only with two workers: undone, named, and tried again ever more rarely', () => {
    const run = simulate(traceNamed('lock-bound later'), seed);
    expect(Object.keys(run.vetoes)).toEqual(['lock']);
    expect(run.steps.filter(({ action }) => action === 'undo').length).toBe(ups(run).length);
    expect(run.workerSeconds).toBeLessThan(300 * 1.1);
    const gaps = ups(run)
      .map((step, index, all) => step.atMs - (all[index - 1]?.atMs ?? 0))
      .slice(1);
    expect(gaps.length).toBeGreaterThanOrEqual(2);
    expect(gaps[1]! / gaps[0]!).toBeGreaterThan(1.5);
  });

  test('memory-bound: no more workers than fit', () => {
    const run = simulate(traceNamed('memory-bound'), seed);
    expect(run.most).toBe(2);
    expect(run.vetoes.memory).toBeGreaterThan(2_000);
  });

  test('steal: the part of a core that is left is used, with one step', () => {
    const run = simulate(traceNamed('steal'), seed);
    expect(run.steps).toMatchObject([{ action: 'up', target: 2 }]);
    expect(run.decidedMs).toBeLessThanOrEqual(300);
  });

  test('sine of 30 s for 10 minutes: up once, and never down for its valleys', () => {
    expect(simulate(traceNamed('sine 30 s'), seed).steps).toMatchObject([{ action: 'up', target: 2 }]);
  });

  test('sine of 30 s with an eager scale-down (5 s): each wave a step down, were it not for the flap multiplier', () => {
    const eager = { ...SCALER_DEFAULTS, calmMs: 5_000 };
    const forgetful = simulate(traceNamed('sine 30 s'), seed, { ...eager, flapFactor: 1 });
    expect(downs(forgetful).length).toBeGreaterThanOrEqual(18);
    // It has learned within two minutes.
    const run = simulate(traceNamed('sine 30 s'), seed, eager);
    expect(run.flaps).toBeGreaterThanOrEqual(1);
    expect(downs(run).filter(({ atMs }) => atMs >= 120_000)).toEqual([]);
  });
});

test('flapping load for 2 hours: the multiplier grows until the steps get rare', () => {
  const run = simulate(traceNamed('flapping'), 1);
  expect(downs(run).length).toBeLessThanOrEqual(8);
  expect(downs(run).filter(({ atMs }) => atMs > 1_800_000).length).toBeLessThanOrEqual(4);
});
