import { expect, test } from '@jest/globals';
import { MAX_SPENT, Spent } from '../../../src/engine/room/spent.ts';
import { RETURN_MS, TicketOffice } from '../../../src/engine/room/ticket.ts';

const START = 1_800_000_000_000;
const office = new TicketOffice('a secret of the tests, long enough');

test('as many used tickets are remembered as may be, the latest ones', () => {
  const spent = new Spent();
  spent.enter(office.issue('site', 'n', START, undefined, 1), START);
  spent.learn(
    Array.from({ length: MAX_SPENT + 10 }, (_, n) => n),
    START,
  );
  expect(spent.size).toBe(MAX_SPENT);
  expect(spent.has(office.issue('site', 'n', START, undefined, 1))).toBe(false);
});

test('a used ticket is remembered until no door takes it any more', () => {
  const spent = new Spent();
  const ticket = office.issue('site', 'n', START, undefined, 1);
  spent.enter(ticket, START);
  spent.learn([1], START + 2 * RETURN_MS - 1);
  expect(spent.has(ticket)).toBe(true);
  spent.learn([2], START + 2 * RETURN_MS);
  expect(spent.has(ticket)).toBe(false);
});

test('two tickets of one millisecond are two', () => {
  const spent = new Spent();
  spent.enter(office.issue('site', 'n', START, undefined, 1), START);
  expect(spent.has(office.issue('site', 'n', START, undefined, 2))).toBe(false);
  expect(spent.has(office.issue('site', 'n', START + 1, undefined, 1))).toBe(false);
  // Who has signed in meanwhile has the same one, in the line of the members.
  expect(spent.has(office.issue('site', 'm', START, undefined, 1))).toBe(true);
});
