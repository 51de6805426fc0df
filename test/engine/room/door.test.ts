import { describe, expect, test } from '@jest/globals';
import {
  MAX_ROOM_MOVES,
  MAX_ROOMS,
  type RoomNews,
  roomStateSchema,
  roomTidingsSchema,
} from '../../../src/engine/beats.ts';
import { Door, MAX_ISSUED_PER_S, type Verdict, type Visit } from '../../../src/engine/room/door.ts';
import { WaitingPages } from '../../../src/engine/room/page.ts';
import { STANDARD_TEMPLATE } from '../../../src/engine/room/standard-template.ts';
import { readTemplate } from '../../../src/engine/room/template.ts';
import { TicketOffice } from '../../../src/engine/room/ticket.ts';

const START = 1_800_000_000_000;
const clock = { now: START };
const SECRET = 'a secret of the tests, long enough';
const pages = new WaitingPages({
  siteName: 'Pasar',
  template: readTemplate(STANDARD_TEMPLATE, 'it'),
  extraHeaders: [],
});
const newDoor = (): Door => {
  clock.now = START;
  return new Door({
    office: new TicketOffice(SECRET),
    pages,
    secure: false,
    dryRun: false,
    auto: true,
    count: () => {},
    now: () => clock.now,
    random: () => 0.5,
  });
};
const visit = (cookie?: string, more: Partial<Visit> = {}): Visit => ({
  room: 'site',
  path: '/',
  cookie,
  member: false,
  json: true,
  language: () => 'en',
  ...more,
});
const news = (name = 'site', called = START - 60_000): RoomNews => ({
  name,
  open: false,
  lines: {
    m: { called, points: [] },
    n: {
      called,
      points: [
        [START - 60_000, 0],
        [START, 600],
      ],
    },
  },
  ratePerS: 10,
  spread: 0.2,
  leavesPerS: 0,
});
const told = (door: Door, ...rooms: RoomNews[]): Door => {
  door.setState(roomStateSchema.parse({ type: 'room', rooms, hold: null, spent: [] }));
  return door;
};
const cookieIn = (verdict: Verdict): string => {
  if (verdict.kind !== 'wait') throw new Error(`${verdict.kind}, not a page with a place`);
  return verdict.answer.head[verdict.answer.head.indexOf('set-cookie') + 1]!.split(';')[0]!;
};

test('no more tickets are given in a second than the bound; whoever has one is shown the place all the same', () => {
  const door = told(newDoor(), news());
  const first = cookieIn(door.look(visit()));
  for (let n = 1; n < MAX_ISSUED_PER_S; n += 1) door.look(visit());
  expect(door.look(visit()).kind).toBe('busy');
  expect(door.look(visit(first)).kind).toBe('wait');
  clock.now += 1_000;
  expect(door.look(visit()).kind).toBe('wait');
});

test('what is told at once has a bound, and the rest comes a moment later', () => {
  const door = told(newDoor(), news());
  const all = MAX_ROOM_MOVES + 500;
  for (let n = 0; n < all; n += 1) {
    clock.now = START + n * 250;
    const cookie = cookieIn(door.look(visit()));
    clock.now += 2_000;
    door.look(visit(cookie));
  }
  const tidings = roomTidingsSchema.parse(door.takeTidings());
  expect(tidings.moves).toHaveLength(MAX_ROOM_MOVES);
  expect(door.takeTidings()!.moves).toHaveLength(all - MAX_ROOM_MOVES);
});

test('of more rooms than there may be, the others are left out and the message can be read', () => {
  const door = newDoor();
  for (let n = 0; n < MAX_ROOMS + 5; n += 1) door.refused(visit(undefined, { room: `room-${n}` }));
  expect(roomTidingsSchema.parse(door.takeTidings()).turnedAway).toHaveLength(MAX_ROOMS);
});

test('a ticket of one room is none in another, and both places are kept', () => {
  const door = told(newDoor(), news(), news('shop'));
  const site = cookieIn(door.look(visit()));
  const shop = cookieIn(door.look(visit(site, { room: 'shop' })));
  expect([site, shop].map((one) => one.split('=')[0])).toEqual(['tahan_ticket', 'tahan_ticket_shop']);
  // The text of the one under the name of the other.
  const swapped = `tahan_ticket_shop=${site.split('=')[1]}`;
  expect(cookieIn(door.look(visit(swapped, { room: 'shop' }))).split('.')[3]).not.toBe(site.split('.')[3]);
  clock.now += 1_000;
  const again = cookieIn(door.look(visit(`${site}; ${shop}`, { room: 'shop' })));
  expect(again.split('.').slice(2, 4)).toEqual(shop.split('.').slice(2, 4));
});

test('a ticket that was changed, or signed by somebody else, is a new one at the end', () => {
  const door = told(newDoor(), news());
  const cookie = cookieIn(door.look(visit()));
  clock.now += 10_000;
  const [name, text = ''] = cookie.split('=');
  const parts = text.split('.');
  const earlier = [...parts];
  earlier[2] = (START - 50_000).toString(36);
  const member = [...parts];
  member[1] = 'm';
  const foreign = new TicketOffice('another secret, as long as that one');
  const forged = foreign.seal(foreign.issue('site', 'm', START - 50_000));
  for (const bad of [earlier.join('.'), member.join('.'), forged, text.slice(0, -1), `${text}A`, '', '.'.repeat(300)]) {
    const given = cookieIn(door.look(visit(`${name}=${bad}`)))
      .split('=')[1]!
      .split('.');
    expect([given[1], Number.parseInt(given[2]!, 36), given[5]]).toEqual(['n', clock.now, '0']);
  }
  // As it was given it is as good as before.
  expect(cookieIn(door.look(visit(cookie))).split('.')[2]).toBe(parts[2]);
});

const called = (door: Door, cookie: string): Extract<Verdict, { kind: 'near' }> => {
  told(door, news('site', clock.now + 1));
  const verdict = door.look(visit(cookie));
  if (verdict.kind !== 'near') throw new Error(`${verdict.kind}, not near`);
  return verdict;
};

test('a ticket lets in once: its copies have no place, at this worker and at the others', () => {
  const door = told(newDoor(), news());
  const cookie = cookieIn(door.look(visit()));
  clock.now += 1_000;
  const { ticket } = called(door, cookie);
  const claimed = door.claim(ticket)!;
  // At the same time.
  expect(door.claim(called(door, cookie).ticket)).toBeUndefined();
  door.entered(claimed);
  door.claimEnded(ticket, true, false);
  // Later: as somebody who is new.
  told(door, news());
  clock.now += 1_000;
  expect(Number.parseInt(cookieIn(door.look(visit(cookie))).split('.')[2]!, 36)).toBe(clock.now);
  const other = newDoor();
  clock.now = START + 2_000;
  const { spent } = roomTidingsSchema.parse(door.takeTidings());
  other.setState({ rooms: [news('site', clock.now)], hold: null, spent });
  expect(Number.parseInt(cookieIn(other.look(visit(cookie))).split('.')[2]!, 36)).toBe(clock.now);
});

test('whoever got no answer, or found no room, has the ticket still', () => {
  const door = told(newDoor(), news());
  const cookie = cookieIn(door.look(visit()));
  const { ticket } = called(door, cookie);
  door.entered(door.claim(ticket)!);
  door.claimEnded(ticket, false, false);
  expect(door.claim(called(door, cookie).ticket)).toBeDefined();
});

describe('whoever is on the way in', () => {
  const onTheWay = () => {
    const door = told(newDoor(), news());
    const first = cookieIn(door.look(visit()));
    clock.now += 1_000;
    const cookie = cookieIn(door.look(visit(first)));
    const { ticket } = called(door, cookie);
    const counted = (): number => (door.takeTidings()?.moves ?? []).reduce((sum, [, , , , n]) => sum + n, 0);
    expect(counted()).toBe(1);
    const claimed = door.claim(ticket)!;
    return { door, cookie, ticket, claimed, counted };
  };

  test('is in no line while the site makes the page, and none the less when it is there', () => {
    const { door, ticket, claimed, counted } = onTheWay();
    expect(counted()).toBe(-1);
    door.entered(claimed);
    door.claimEnded(ticket, true, false);
    expect(counted()).toBe(0);
  });

  test('is back in it when the gate had no room after all', () => {
    const { door, cookie, ticket, claimed, counted } = onTheWay();
    door.turnBack(visit(cookie), claimed);
    door.claimEnded(ticket, false, false);
    expect(counted()).toBe(0);
  });

  test('is back in it when the client left without an answer', () => {
    const { door, ticket, counted } = onTheWay();
    door.claimEnded(ticket, false, true);
    expect(counted()).toBe(0);
  });
});
