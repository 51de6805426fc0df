import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { FrontQueue, HOLD_MS, type Kept, MAX_HELD } from '../../../src/engine/room/queue.ts';
import { type TicketClass, TicketOffice } from '../../../src/engine/room/ticket.ts';

const office = new TicketOffice('a secret of the tests, long enough');
const START = 1_800_000_000_000;

function front() {
  const state = { now: 0, called: Number.NEGATIVE_INFINITY, room: true, gone: false };
  const queue = new FrontQueue(
    ({ order }) => order < state.called,
    () => {},
    () => state.now,
  );
  const went: string[] = [];
  const one = (name: string, order: number, cls: TicketClass = 'n'): Kept => ({
    ticket: office.issue('site', cls, START + order, undefined, 1),
    hasRoom: () => state.room,
    isGone: () => state.gone,
    letIn: () => went.push(name),
    showPage: () => went.push(`${name} waits on`),
  });
  /** Ends the timer of the queue. */
  const end = (): void => {
    state.gone = true;
    queue.look();
  };
  return { state, queue, went, one, end };
}

test('no more are kept at the door than the bound', () => {
  const { queue, one, end } = front();
  for (let n = 0; n < MAX_HELD; n += 1) expect(queue.keep(one(`${n}`, n))).toBe(true);
  expect(queue.keep(one('one more', 0))).toBe(false);
  expect(queue.size).toBe(MAX_HELD);
  end();
  expect(queue.size).toBe(0);
});

test('they go in by the order of their tickets, members first, however they came', async () => {
  const { state, queue, went, one } = front();
  for (const [name, order] of [
    ['c', 3],
    ['a', 1],
    ['b', 2],
  ] as const)
    queue.keep(one(name, order));
  queue.keep(one('member', 9, 'm'));
  state.called = START + 10;
  queue.look();
  while (queue.size > 0) await turn();
  expect(went).toEqual(['member', 'a', 'b', 'c']);
});

test('the gate sees each who goes in before it is asked for the next', async () => {
  const { state, queue, went, one, end } = front();
  state.called = START + 10;
  for (const [name, order] of [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ] as const)
    queue.keep(one(name, order));
  queue.look();
  expect(went).toEqual(['a']);
  // What the gate makes of it.
  state.room = false;
  for (let n = 0; n < 5; n += 1) await turn();
  expect(went).toEqual(['a']);
  state.room = true;
  queue.look();
  expect(went).toEqual(['a', 'b']);
  end();
});

test('whoever is kept for too long is shown the page, and nobody goes in while there is no room', () => {
  const { state, queue, went, one } = front();
  state.called = START + 10;
  state.room = false;
  queue.keep(one('a', 1));
  state.now = HOLD_MS - 1;
  queue.look();
  expect(went).toEqual([]);
  state.now = HOLD_MS;
  queue.look();
  expect([went, queue.size]).toEqual([['a waits on'], 0]);
});
