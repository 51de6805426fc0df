import type { RoomMove, RoomState } from '../../../src/engine/beats.ts';
import { RoomAccount } from '../../../src/engine/room/account.ts';
import { NEAR_S } from '../../../src/engine/room/door.ts';
import { secondsToCall, standing } from '../../../src/engine/room/estimate.ts';
import { bucketOf } from '../../../src/engine/room/line.ts';
import { HOLD_MS } from '../../../src/engine/room/queue.ts';
import { slotOf, type TicketClass } from '../../../src/engine/room/ticket.ts';
import type { SimulatedServer } from './simulated-servers.ts';

export interface Person {
  arrivesAt: number;
  cls: TicketClass;
  /** Gives up then, if still waiting; Infinity: stays. */
  leavesAt: number;
  order: number;
  slot: number;
  ticket: boolean;
  counted: boolean;
  heldSince: number;
  landedAt: number | undefined;
  /** What was said at the first look that had an estimate, and when. */
  told: { at: number; seconds: number; place: number } | undefined;
}

/** Somebody who has not come yet. */
export const person = (one: Pick<Person, 'arrivesAt' | 'cls' | 'leavesAt'>): Person => ({
  ...one,
  order: 0,
  slot: 0,
  ticket: false,
  counted: false,
  heldSince: 0,
  landedAt: undefined,
  told: undefined,
});

/** Deterministic: mulberry32. */
export function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Outcome {
  people: Person[];
  /** Share of what the server can do that it did, from when 500 waited until fewer than 200 did. */
  used: number;
  /** Counted in line when all have landed or left, and their tickets are over. */
  waitingAfter: number;
}

/** A phone that sleeps, a slow network: so many look later than they were told, by up to so long. */
const LATE = 0.1;
const LATE_MS = 3_000;
/** Weight of one step in the load, as in `primary/rooms.ts`. */
const WEIGHT = 0.3;

/**
 * People before a server. Whoever finds no room is refused, as by the gate. Steps of 10 ms; news comes to the door every
 * 250 ms, as between primary and workers.
 */
export function simulate(people: Person[], server: SimulatedServer, random: () => number): Outcome {
  const account = new RoomAccount({ mode: 'auto', maxPerS: 1_000 });
  const START = 1_800_000_000_000;
  let moves: RoomMove[] = [];
  let turnedAway = 0;
  let load = 0;
  let held: Person[] = [];
  let entered = 0;
  let turnedBack = 0;
  let stood = 0;
  let state: RoomState | undefined;
  let window: { from: number; worked: number; to: number; workedTo: number } | undefined;
  let doneTimes: number[] = [];
  const byTime = new Map<number, Person[]>();
  const plan = (person: Person, at: number): void => {
    const step = Math.ceil(at / 10);
    byTime.set(step, [...(byTime.get(step) ?? []), person]);
  };
  for (const person of people) plan(person, person.arrivesAt);

  for (let step = 0, left = people.length; left > 0 && step < 100_000; step += 1) {
    const t = step * 10;
    const now = START + t;
    const news = state?.rooms[0];
    const move = (person: Person, n: 1 | -1): void =>
      void moves.push(['site', person.cls, bucketOf(person.order), person.slot, n]);
    const letIn = (person: Person): void => {
      // As the door does it: who is on the way in is in no line.
      if (person.counted) move(person, -1);
      person.counted = false;
      server.letIn(person, t);
    };
    const isCalled = (person: Person): boolean =>
      person.ticket && news !== undefined && (news.open || person.order < news.lines[person.cls].called);
    /** Shows the page with the place, which looks again by itself. */
    const showPage = (person: Person): void => {
      const isNew = !person.ticket;
      if (isNew) {
        person.order = now + random();
        person.ticket = true;
      }
      const stand = standing(news!, person.cls, person.order);
      if (person.told === undefined && !news!.open && news!.ratePerS > 0 && t > 15_000)
        person.told = { at: t, seconds: stand.seconds, place: stand.place };
      const wanted = isNew ? Math.min(2, stand.checkInSeconds) : stand.checkInSeconds * (0.9 + 0.2 * random());
      const next = Math.max(1, Math.round(wanted)) * 1_000;
      if (person.counted) move(person, -1);
      person.slot = slotOf(now + next);
      person.counted = !isNew;
      if (person.counted) move(person, 1);
      plan(person, t + next + random() * 80 + (random() < LATE ? random() * LATE_MS : 0));
    };
    /** Somebody finds no room without a ticket. */
    const turnAway = (person: Person): void => {
      turnedAway += 1;
      if (news === undefined) plan(person, t + 1_000 * (1 + Math.floor(random() * 5)));
      else showPage(person);
    };
    const { landed, refused } = server.progress(t);
    for (const person of landed) {
      if (person.ticket) entered += 1;
      person.landedAt = t;
      doneTimes.push(t);
      left -= 1;
    }
    for (const person of refused) {
      if (!person.ticket) turnAway(person);
      else {
        turnedBack += 1;
        showPage(person);
      }
    }
    for (const person of byTime.get(step) ?? []) {
      if (person.leavesAt <= t) left -= 1;
      else if (news === undefined || (news.open && !person.ticket)) {
        if (server.hasRoom(t)) letIn(person);
        else turnAway(person);
      } else if (person.ticket && (isCalled(person) || secondsToCall(news, person.cls, person.order) <= NEAR_S)) {
        person.heldSince = t;
        held.push(person);
      } else showPage(person);
    }
    held.sort((a, b) => (a.cls === b.cls ? a.order - b.order : a.cls < b.cls ? -1 : 1));
    held = held.filter((person) => {
      if (isCalled(person)) {
        if (server.hasRoom(t)) {
          letIn(person);
          return false;
        }
        stood += 1;
      }
      if (t - person.heldSince < HOLD_MS) return true;
      if (isCalled(person)) turnedBack += 1;
      showPage(person);
      return false;
    });
    if (step % 25 === 0) {
      // As the door does it: who leaves a cell and who joins it are added up apart.
      account.take(
        { moves, entered: [['site', entered, turnedBack, stood]], turnedAway: [['site', turnedAway, 0]], spent: [] },
        now,
      );
      moves = [];
      entered = 0;
      turnedBack = 0;
      stood = 0;
      turnedAway = 0;
      doneTimes = doneTimes.filter((at) => at > t - 1_000);
      load += WEIGHT * (server.load(t) - load);
      state = account.step(load, doneTimes.length, now);
      const { waiting } = account;
      if (waiting > 500) window ??= { from: t, worked: server.workedMs, to: t, workedTo: server.workedMs };
      if (window !== undefined && waiting > 200) Object.assign(window, { to: t, workedTo: server.workedMs });
    }
    byTime.delete(step);
  }
  const end = START + 1_000_000;
  account.step(0, 0, end);
  return {
    people,
    used: window === undefined ? 0 : (window.workedTo - window.worked) / (window.to - window.from),
    waitingAfter: account.waiting,
  };
}
