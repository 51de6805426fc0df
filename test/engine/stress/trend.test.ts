import { describe, expect, test } from '@jest/globals';
import { safeLoadOf } from '../../../src/engine/stress/safe-load.ts';
import { stressTrend } from '../../../src/engine/stress/trend.ts';
import { stressRun } from './runs.ts';

const usual = [1_000, 1_020, 985, 1_010].map((perSecond) => stressRun(perSecond));

describe('the trend of the scheduled runs', () => {
  test('a fall beyond noise is one', () => {
    expect(stressTrend([...usual, stressRun(800)])).toMatchObject({ fallen: true, usual: 1_005 });
  });

  test('a fall within the noise of the runs is none', () => {
    expect(stressTrend([...usual, stressRun(960)])?.fallen).toBe(false);
    const wild = [1_000, 700, 1_300, 900].map((perSecond) => stressRun(perSecond));
    expect(stressTrend([...wild, stressRun(800)])?.fallen).toBe(false);
  });

  test('another version is compared: its fall is what is looked for', () => {
    expect(stressTrend([...usual, stressRun(700, { version: '2.0.0' })])?.fallen).toBe(true);
  });

  test('another machine or Node.js is not', () => {
    for (const other of [{ cores: 4 }, { cpu: 'Another' }, { node: '28.0.0' }])
      expect(stressTrend([...usual, stressRun(500, other)])).toBeUndefined();
  });

  test('of two runs before nobody knows what is usual', () => {
    expect(stressTrend([...usual.slice(0, 2), stressRun(500)])).toBeUndefined();
  });

  test('after enough runs the new level is the usual one', () => {
    const runs = [...usual, ...Array.from({ length: 8 }, () => stressRun(700))];
    expect(stressTrend(runs)?.fallen).toBe(false);
  });
});

describe('what the machine can take', () => {
  const here = stressRun(0);
  test('is seven tenths of what was measured, with the page on which the time goes', () => {
    expect(safeLoadOf(stressRun(434), here)).toEqual({
      text: 'safe to about 300 visitors a second; the CPU limits it: 82 % of it goes into search (4.0 ms each)',
      stale: '',
    });
  });

  test('is stale on another version, Node.js, CPU or number of cores', () => {
    for (const other of [{ version: '2' }, { node: '27.0.0' }, { cpu: 'Another' }, { cores: 4 }])
      expect(safeLoadOf(stressRun(434, other), here).stale).not.toBe('');
  });
});
