import type { Beat } from '../../../src/engine/beats.ts';

/** A beat of a calm worker, with what a test cares about. */
export const beatOf = (given: Partial<Beat> = {}): Beat => ({
  type: 'beat',
  lagP50Ms: 1,
  lagP99Ms: 2,
  lagMaxMs: 3,
  elu: 0.25,
  inFlight: 4,
  queued: 0,
  queueDelayMs: 0,
  completed: 0,
  refused: 0,
  arrived: 0,
  connections: 5,
  rssBytes: 1_000,
  heapBytes: 500,
  poolQueued: 0,
  poolRunning: 0,
  sqliteWaitMs: 0,
  cachePages: 0,
  cacheBytes: 0,
  saturated: false,
  listening: true,
  features: {},
  ...given,
});
