import type { Beat } from '../../../src/engine/beats.ts';
import type { HostSample } from '../../../src/engine/host/host.ts';
import type { WorkerView } from '../../../src/engine/primary/view.ts';

export const beat = (changes: Partial<Beat> = {}): Beat => ({
  type: 'beat',
  resting: false,
  lagP50Ms: 0,
  lagP99Ms: 0,
  lagMaxMs: 0,
  elu: 0.1,
  inFlight: 0,
  queued: 0,
  queueDelayMs: 0,
  workUnitMs: 0,
  loadRatio: { loop: 0, pool: 0, elsewhere: 0 },
  completed: 0,
  refused: 0,
  arrived: 0,
  connections: 0,
  rssBytes: 100 * 2 ** 20,
  heapBytes: 50 * 2 ** 20,
  poolQueued: 0,
  poolRunning: 0,
  sqliteWaitMs: 0,
  cachePages: 0,
  cacheBytes: 0,
  saturated: false,
  listening: true,
  features: {},
  ...changes,
});

/** A worker that has been serving since 0 and told something at `lastSignAt`. */
export const serving = (name: string, lastSignAt: number, changes: Partial<Beat> = {}): WorkerView => ({
  name,
  state: 'serving',
  startedAt: -10_000,
  servingAt: -10_000,
  lastSignAt,
  beat: beat(changes),
});

/** A host with two idle cores and much memory. */
export const host = (changes: Partial<HostSample> = {}): HostSample => ({
  idleCores: 2,
  stealShare: 0,
  quotaCores: undefined,
  throttledShare: undefined,
  throttledMs: undefined,
  cpuPressure: undefined,
  memoryPressure: undefined,
  memoryLimitBytes: 8 * 2 ** 30,
  memoryAvailableBytes: 6 * 2 ** 30,
  ...changes,
});
