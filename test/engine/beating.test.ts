import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type BeatDetails, type Beating, startBeating, WORKER_RHYTHMS } from '../../src/engine/beating.ts';
import type { Upward } from '../../src/engine/beats.ts';
import { Recorder } from '../../src/engine/metrics/recorder.ts';
import { beatOf } from './metrics/beat.ts';

let beating: Beating | undefined;
beforeEach(() => void jest.useFakeTimers());
afterEach(() => {
  beating?.stop();
  jest.useRealTimers();
});

function start(): { told: Upward[]; known: BeatDetails } {
  const told: Upward[] = [];
  const known: BeatDetails = beatOf({ inFlight: 0, queued: 0, poolRunning: 0, poolQueued: 0, arrived: 0 });
  beating = startBeating(
    { send: (message) => told.push(message), on: () => {} },
    new Recorder(),
    WORKER_RHYTHMS,
    () => {
      const { type: _type, resting: _resting, ...details } = known as BeatDetails & { type: string; resting: boolean };
      return { ...details };
    },
  );
  return { told, known };
}

const beats = (told: readonly Upward[]): Upward[] => told.filter(({ type }) => type === 'beat');

test('signs of life are few when nobody has come for two seconds, and as many as before from the first one on', () => {
  const { told } = start();
  jest.advanceTimersByTime(1_000);
  expect([told.length, beats(told).length]).toEqual([20, 10]);
  jest.advanceTimersByTime(2_000);
  told.length = 0;
  jest.advanceTimersByTime(1_000);
  expect([told.length, beats(told).length]).toEqual([5, 1]);
  expect(beats(told)[0]).toMatchObject({ resting: true });
  told.length = 0;
  beating!.wake();
  expect(told).toMatchObject([{ type: 'beat', resting: false }]);
  jest.advanceTimersByTime(1_000);
  expect(told).toHaveLength(21);
});

test('one that stands by says once a second that it is there', () => {
  const { told, known } = start();
  known.listening = false;
  jest.advanceTimersByTime(4_000);
  told.length = 0;
  jest.advanceTimersByTime(3_000);
  expect(told).toMatchObject(Array(3).fill({ type: 'beat', resting: true }));
});

test('a process at work does not rest', () => {
  const { told, known } = start();
  known.inFlight = 1;
  jest.advanceTimersByTime(10_000);
  expect(told).toHaveLength(200);
  expect(beats(told).every((beat) => beat.type === 'beat' && !beat.resting)).toBe(true);
});

test('where no file descriptor is left, a beat says what was known last of the memory', () => {
  const { told } = start();
  jest.advanceTimersByTime(100);
  const before = beats(told)[0];
  jest.spyOn(process, 'memoryUsage').mockImplementation(() => {
    throw new Error('EMFILE: too many open files, uv_resident_set_memory');
  });
  jest.advanceTimersByTime(5_000);
  expect(beats(told).at(-1)).toMatchObject({ rssBytes: (before as { rssBytes: number }).rssBytes });
  jest.restoreAllMocks();
});
