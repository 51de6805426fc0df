import type { StressRun } from '../../../src/engine/stress/run-record.ts';

/** A run in which so many visitors a second were served, each repeat with some noise. */
export const stressRun = (perSecond: number, more: Partial<StressRun> = {}): StressRun => ({
  at: 1,
  version: '1.0.0',
  node: '26.0.0',
  cpu: 'A CPU',
  cores: 2,
  perSecond: [0.98, 1, 1.02].map((factor) => factor * perSecond),
  costs: [
    { name: 'home', share: 0.9, cpuMs: 0.1 },
    { name: 'search', share: 0.1, cpuMs: 4 },
  ],
  ...more,
});
