import { expect, test } from '@jest/globals';
import { type Lottery, type Ticket, TicketOffice } from '../../../src/engine/room/ticket.ts';

const START = 1_800_000_000_000;
const lottery: Lottery = { startAt: START, windowMs: 300_000 };
const office = new TicketOffice('a secret of the tests, long enough');
/** 2,000 people who come one after the other, and what chance gave each. */
const people: Ticket[] = Array.from({ length: 2_000 }, (_, n) =>
  office.issue('site', 'n', START - 300_000 + n * 150, lottery, (n * 2_654_435_761) % 2 ** 24),
);

test('who comes early before the start has the same chance as who comes late', () => {
  const places = people.map(({ order }) => (order - START) / 300_000 + 1);
  expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...places)).toBeLessThan(1);
  const meanOf = (some: number[]): number => some.reduce((sum, one) => sum + one, 0) / some.length;
  // Of 200 drawn evenly from 0 to 1 the mean is 0.5 with a deviation of 0.02.
  for (let tenth = 0; tenth < 10; tenth += 1)
    expect(Math.abs(meanOf(places.slice(tenth * 200, (tenth + 1) * 200)) - 0.5)).toBeLessThan(0.08);
  // And each tenth of the places is drawn as often as the others: 200, with a deviation of 13.
  for (let tenth = 0; tenth < 10; tenth += 1)
    expect(Math.abs(places.filter((place) => Math.floor(place * 10) === tenth).length - 200)).toBeLessThan(55);
});

test('the place is drawn once: the same ticket has the same one after the start', () => {
  const [one] = people;
  const text = office.seal({ ...one!, slot: one!.slot + 200 });
  expect(office.open(text, START - 10_000)!.order).toBe(one!.order);
  expect(office.open(text, START + 10_000)!.order).toBe(one!.order);
});

test('the ticket does not tell its place before the start, nor does chance alone: the key decides', () => {
  const [one] = people;
  expect(office.seal(one!)).not.toContain(Math.floor(one!.order).toString(36));
  const elsewhere = new TicketOffice('another secret, as long as that one');
  expect(elsewhere.issue('site', 'n', START, lottery, one!.tie).order).not.toBe(one!.order);
  // Another event is drawn anew.
  expect(office.issue('site', 'n', START, { ...lottery, startAt: START + 1 }, one!.tie).order).not.toBe(one!.order + 1);
});

test('whoever comes after the start is behind all who gathered', () => {
  expect(office.issue('site', 'n', START).order).toBeGreaterThanOrEqual(START);
});
