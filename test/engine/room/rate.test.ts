import { expect, test } from '@jest/globals';
import { AdmissionRate, type Measured } from '../../../src/engine/room/rate.ts';

/** How many are called in a while, at a load that seems to leave room. */
function called(more: Partial<Measured>): number {
  const rate = new AdmissionRate(50);
  let sum = 0;
  // As many go in as there is room for, and none comes of those who were called last.
  for (let step = 0; step < 60; step += 1) {
    const pending = Math.max(1, sum - step * 11);
    sum += rate.step(
      { load: 0.9, entered: 11, turnedBack: 0, crowded: false, pending, noShows: 0, refusing: false, ...more },
      0.25,
      1_000,
    );
  }
  return sum;
}

test('while called ones stand at the door no more are called ahead, though the load seems to leave room', () => {
  expect(called({})).toBeGreaterThan(called({ crowded: true }) + 100);
});

test('while those inside find no room nobody is called', () => {
  expect(called({ refusing: true })).toBe(0);
});

test('a first guess that was far off is not told for long', () => {
  const rate = new AdmissionRate(1);
  for (let step = 0; step < 32; step += 1)
    rate.step(
      { load: 1, entered: 12.5, turnedBack: 0, crowded: true, pending: 20, noShows: 0, refusing: false },
      0.25,
      1_000,
    );
  expect(rate.toldPerS).toBeGreaterThan(40);
});

test('when none of those who were called comes, as many more are called as the server could take', () => {
  const rate = new AdmissionRate(50);
  const none = { entered: 0, turnedBack: 0, noShows: 0, refusing: false, pending: 1_000 };
  const step = (more: Pick<Measured, 'load' | 'crowded'>) => rate.step({ ...none, ...more }, 0.25, 1_000);
  expect(step({ load: 1, crowded: false })).toBe(0);
  expect(step({ load: 0, crowded: true })).toBe(0);
  expect(step({ load: 0, crowded: false })).toBeGreaterThanOrEqual(5);
});
