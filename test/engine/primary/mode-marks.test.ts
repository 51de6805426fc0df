import { expect, test } from '@jest/globals';
import { ModeMarks, SOFT_CHANGE_MS } from '../../../src/engine/primary/mode-marks.ts';

test('a hard change is marked at once, a soft one when it has lasted', () => {
  const marks = new ModeMarks(0);
  expect(marks.look('calm', 'all is well', 10)).toBeUndefined();
  expect(marks.look('busy', 'loops are full', 1_000)).toBeUndefined();
  expect(marks.look('calm', 'all is well', 2_000)).toBeUndefined();
  expect(marks.look('busy', 'loops are full', 3_000)).toBeUndefined();
  expect(marks.look('busy', 'loops are full', 3_000 + SOFT_CHANGE_MS)).toMatchObject({
    at: 3_000,
    text: 'calm -> busy: loops are full',
    severity: 'info',
  });
  expect(marks.look('busy', 'loops are full', 60_000)).toBeUndefined();
  expect(marks.look('saturated', 'the gate refuses', 61_000)).toMatchObject({
    at: 61_000,
    text: 'busy -> saturated: the gate refuses',
    severity: 'warn',
  });
  expect(marks.since).toBe(61_000);
});
