import { expect, test } from '@jest/globals';
import { MAX_ROOMS, roomStateSchema } from '../../../src/engine/beats.ts';
import { ARM_AFTER_MS, DISARM_AFTER_MS, RoomAccount } from '../../../src/engine/room/account.ts';
import { bucketOf } from '../../../src/engine/room/line.ts';
import { slotOf } from '../../../src/engine/room/ticket.ts';

const START = 1_800_000_000_000;
const NOTHING = { moves: [], entered: [], turnedAway: [], spent: [] };

/** People of some rooms find no room, for a while, in steps as of the primary. */
function refuse(account: RoomAccount, rooms: readonly string[], forMs: number, from = START) {
  for (let ms = 0; ms <= forMs; ms += 250) {
    account.take({ ...NOTHING, turnedAway: rooms.map((room) => [room, 1, 0]) }, from + ms);
    account.step(1, 50, from + ms);
  }
}

test('a line is kept only in the room whose people find no room, and the others stay open', () => {
  const account = new RoomAccount({ mode: 'auto', maxPerS: 1_000 });
  refuse(account, ['shop'], ARM_AFTER_MS - 250);
  expect(account.armed).toEqual([]);
  refuse(account, ['shop'], 500, START + ARM_AFTER_MS);
  expect(account.armed).toEqual(['shop']);
  const state = roomStateSchema.parse(account.step(1, 50, START + ARM_AFTER_MS + 500));
  expect(state.rooms.map(({ name }) => name)).toEqual(['shop']);
  account.step(0, 0, START + 2 * ARM_AFTER_MS + DISARM_AFTER_MS);
  expect(account.step(0, 0, START + 2 * ARM_AFTER_MS + DISARM_AFTER_MS).rooms).toEqual([]);
});

test('each room calls from its own line', () => {
  const account = new RoomAccount({ mode: 'auto', maxPerS: 1_000 });
  refuse(account, ['shop', 'site'], ARM_AFTER_MS + 250);
  const at = START + ARM_AFTER_MS + 500;
  const join = (room: string, n: number) => ({
    ...NOTHING,
    moves: [[room, 'n' as const, bucketOf(at), slotOf(at + 20_000), n] as const].map((move) => [...move]) as never,
  });
  account.take(join('shop', 500), at);
  account.take(join('site', 3), at);
  let now = at;
  for (; now < at + 3_000; now += 250) account.step(1, 50, now);
  const { rooms } = account.step(1, 50, now);
  const [shop, site] = ['shop', 'site'].map((name) => rooms.find((room) => room.name === name)!);
  // The short line is called to its end; the long one is not.
  expect([shop!.open, site!.open]).toEqual([false, true]);
});

test('no more rooms are kept than the bound', () => {
  const account = new RoomAccount({ mode: 'on', maxPerS: 1_000 });
  const names = Array.from({ length: MAX_ROOMS + 4 }, (_, n) => `room-${n}`);
  account.step(1, 50, START);
  refuse(account, names, 500);
  expect(account.armed).toHaveLength(MAX_ROOMS);
  // What is told can be read.
  roomStateSchema.parse(account.step(1, 50, START + 750));
});

test('without a waiting room nothing is kept, whatever comes', () => {
  const account = new RoomAccount({ mode: 'off', maxPerS: 1_000 });
  account.keepArmed(true);
  refuse(account, ['site'], 3_000);
  expect(account.step(1, 50, START + 4_000).rooms).toEqual([]);
});

test('used tickets are passed on to every worker, a bounded number at once', () => {
  const account = new RoomAccount({ mode: 'on', maxPerS: 1_000 });
  const keys = Array.from({ length: 1_500 }, (_, n) => n);
  account.take({ ...NOTHING, spent: keys }, START);
  account.take({ ...NOTHING, spent: keys.map((n) => n + 1_500) }, START);
  const first = roomStateSchema.parse(account.step(1, 50, START));
  const second = account.step(1, 50, START + 250);
  expect([...first.spent, ...second.spent]).toEqual(Array.from({ length: 3_000 }, (_, n) => n));
});
