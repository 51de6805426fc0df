import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { MAX_HANDED_BYTES } from '../../../src/engine/beats.ts';
import {
  HOLD_MS,
  MAX_HELD,
  MAX_HELD_BYTES,
  MAX_ON_THEIR_WAY,
  WaitingRoom,
} from '../../../src/engine/lifeboat/waiting-room.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function open() {
  const sent: string[] = [];
  const refused: string[] = [];
  const closed: string[] = [];
  const room = new WaitingRoom({
    handBack: (id) => sent.push(id),
    giveUp: (_, bytes) => refused.push(bytes.toString()),
    prefix: 'boat',
    now: () => performance.now(),
  });
  const hold = (name: string): void => room.hold({ close: () => closed.push(name) }, Buffer.from(name));
  return { room, hold, sent: () => sent.splice(0), refused, closed };
}

describe('a visitor whom the lifeboat cannot answer', () => {
  test('is kept while no worker answers, and given back when one does', () => {
    const { room, hold, sent, closed } = open();
    hold('a');
    jest.advanceTimersByTime(1_000);
    expect(sent()).toEqual([]);
    room.openDoor();
    expect(sent()).toEqual(['boat.1']);
    // Its own copy is kept until a worker has the connection.
    expect([closed, room.size]).toEqual([[], 1]);
    expect(room.handed('boat.1', true)).toBe(true);
    expect([closed, room.size]).toEqual([['a'], 0]);
    hold('b');
    expect(sent()).toEqual(['boat.2']);
  });

  test('is given back again when the worker died on the way', () => {
    const { room, hold, sent, closed } = open();
    hold('a');
    room.openDoor();
    sent();
    expect(room.handed('boat.1', false)).toBe(false);
    expect(closed).toEqual([]);
    jest.advanceTimersByTime(25);
    expect(sent()).toEqual(['boat.1']);
  });

  test('is kept when the port is the lifeboat’s again', () => {
    const { room, hold, sent } = open();
    room.openDoor();
    room.shutDoor();
    hold('a');
    jest.advanceTimersByTime(100);
    expect(sent()).toEqual([]);
  });

  test(`is told to wait after ${HOLD_MS} ms, the first one first`, () => {
    const { room, hold, refused, closed } = open();
    hold('a');
    jest.advanceTimersByTime(500);
    hold('b');
    jest.advanceTimersByTime(HOLD_MS - 501);
    expect(refused).toEqual([]);
    jest.advanceTimersByTime(26);
    expect(refused).toEqual(['a']);
    jest.advanceTimersByTime(500);
    expect([refused, room.size, closed]).toEqual([['a', 'b'], 0, []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is not answered here while a worker may have the connection already', () => {
    const { room, hold, refused } = open();
    hold('a');
    room.openDoor();
    jest.advanceTimersByTime(HOLD_MS * 2);
    expect(refused).toEqual([]);
    room.handed('boat.1', false);
    jest.advanceTimersByTime(25);
    expect(refused).toEqual(['a']);
  });

  test(`waits for others: ${MAX_ON_THEIR_WAY} are on their way at a time`, () => {
    const { room, hold, sent } = open();
    for (let n = 0; n < MAX_ON_THEIR_WAY + 2; n += 1) hold(String(n));
    room.openDoor();
    expect(sent()).toHaveLength(MAX_ON_THEIR_WAY);
    room.handed('boat.1', true);
    expect(sent()).toEqual([`boat.${MAX_ON_THEIR_WAY + 1}`]);
    expect(room.handed('boat.1', true)).toBe(false);
    expect(sent()).toEqual([]);
  });

  test(`finds no room beside ${MAX_HELD} others, or with more bytes than there are places for`, () => {
    const many = open();
    for (let n = 0; n < MAX_HELD; n += 1) {
      expect(many.room.hasRoomFor(1)).toBe(true);
      many.hold('x');
    }
    expect(many.room.hasRoomFor(1)).toBe(false);
    const large = open();
    expect(large.room.hasRoomFor(MAX_HANDED_BYTES + 1)).toBe(false);
    for (let n = 0; n < MAX_HELD_BYTES / MAX_HANDED_BYTES; n += 1) {
      expect(large.room.hasRoomFor(MAX_HANDED_BYTES)).toBe(true);
      large.hold('x'.repeat(MAX_HANDED_BYTES));
    }
    expect(large.room.hasRoomFor(1)).toBe(false);
  });
});
