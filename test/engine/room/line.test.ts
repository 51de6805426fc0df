import { expect, test } from '@jest/globals';
import { bucketOf, GRACE_MS, Line, MAX_BUCKETS, MAX_POINTS } from '../../../src/engine/room/line.ts';
import { SLOT_MS, slotOf } from '../../../src/engine/room/ticket.ts';

const START = 1_800_000_000_000;
const FIRST = bucketOf(START);

test('a line has no more buckets than tickets can be old, and is told in a bounded number of points', () => {
  const line = new Line();
  for (let n = 0; n < MAX_BUCKETS + 50; n += 1) line.join(FIRST + n, slotOf(START), 1);
  expect(line.waiting).toBe(MAX_BUCKETS);
  expect(line.points().length).toBeLessThanOrEqual(MAX_POINTS);
  // In a bucket that is there, there is room.
  line.join(FIRST, slotOf(START), 1);
  expect(line.waiting).toBe(MAX_BUCKETS + 1);
});

test('no more leave a cell than are in it', () => {
  const line = new Line();
  line.join(FIRST, 7, 3);
  expect([line.leave(FIRST, 7, 5), line.leave(FIRST, 7, 1), line.waiting]).toEqual([3, 0, 0]);
});

test('whoever does not check in holds no place, a moment after being due', () => {
  const line = new Line();
  const slot = slotOf(START);
  line.join(FIRST, slot, 2);
  line.join(FIRST, slot + 1, 1);
  line.close();
  expect(line.expire(slot * SLOT_MS + GRACE_MS - 1)).toEqual({ called: 0, uncalled: 0 });
  expect(line.expire(slot * SLOT_MS + GRACE_MS)).toEqual({ called: 0, uncalled: 2 });
  expect(line.waiting).toBe(1);
});
