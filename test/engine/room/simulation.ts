import type { RoomMove, RoomState } from '../../../src/engine/beats.ts';
import { RoomAccount } from '../../../src/engine/room/account.ts';
import { NEAR_S } from '../../../src/engine/room/door.ts';
import { secondsToCall, standing } from '../../../src/engine/room/estimate.ts';
import { bucketOf } from '../../../src/engine/room/line.ts';
import { HOLD_MS } from '../../../src/engine/room/queue.ts';
import { slotOf, type TicketClass } from '../../../src/engine/room/ticket.ts';

export interface Person {
  arrivesAt: number;
  cls: TicketClass;
  /** Gives up then, if still waiting; Infinity: stays. */
  leavesAt: number;
  order: number;
  slot: number;
  ticket: boolean;
  nextAt: number;
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
  nextAt: 0,
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
  /** Share of the time that the server worked, between the first ticket and the last call. */
  used: number;
  /** Counted in line when all have landed or left, and their tickets are over. */
  waitingAfter: number;
}

/**
 * People before a server that does one thing at a time, in `costMs` each. Whoever finds more than `boundMs` of work ahead is
 * refused, as by the gate. Steps of 10 ms; news comes to the door every 250 ms, as between primary and workers.
 */
export function simulate(people: Person[], costMs: number, random: () => number, boundMs = 240): Outcome {
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
  let busyUntil = 0;
  let worked = 0;
  let workedAt = 0;
  let window: [number, number] | undefined;
  let doneTimes: number[] = [];
  const byTime = new Map<number, Person[]>();
  const plan = (person: Person, at: number): void => {
    const step = Math.ceil(at / 10);
    person.nextAt = at;
    byTime.set(step, [...(byTime.get(step) ?? []), person]);
  };
  for (const person of people) plan(person, person.arrivesAt);

  for (let step = 0, left = people.length; left > 0 && step < 100_000; step += 1) {
    const t = step * 10;
    const now = START + t;
    const letIn = (person: Person): void => {
      if (person.ticket) {
        if (person.counted) moves.push(['site', person.cls, bucketOf(person.order), person.slot, -1]);
        entered += 1;
      }
      busyUntil = Math.max(busyUntil, t) + costMs;
      worked += window === undefined ? 0 : costMs;
      person.landedAt = busyUntil;
      doneTimes.push(t);
      left -= 1;
    };
    const hasRoom = (): boolean => busyUntil - t <= boundMs;
    const news = state?.rooms[0];
    const isCalled = (person: Person): boolean =>
      person.ticket && news !== undefined && (news.open || person.order < news.lines[person.cls].called);
    /** Shows the page with the place, which looks again by itself. */
    const showPage = (person: Person): void => {
      if (person.ticket) {
        if (person.counted) moves.push(['site', person.cls, bucketOf(person.order), person.slot, -1]);
        person.counted = true;
      } else {
        person.order = now + random();
        person.ticket = true;
      }
      const stand = standing(news!, person.cls, person.order);
      if (person.told === undefined && !news!.open && news!.ratePerS > 0 && t > 15_000)
        person.told = { at: t, seconds: stand.seconds, place: stand.place };
      const next = (person.counted ? stand.checkInSeconds : Math.min(2, stand.checkInSeconds)) * 1_000;
      person.slot = slotOf(now + next);
      if (person.counted) moves.push(['site', person.cls, bucketOf(person.order), person.slot, 1]);
      plan(person, t + next + random() * 80);
    };
    for (const person of byTime.get(step) ?? []) {
      if (person.leavesAt <= t) left -= 1;
      else if (news === undefined || (news.open && !person.ticket)) {
        if (hasRoom()) letIn(person);
        else {
          turnedAway += 1;
          if (news === undefined) plan(person, t + 1_000 * (1 + Math.floor(random() * 5)));
          else showPage(person);
        }
      } else if (person.ticket && (isCalled(person) || secondsToCall(news, person.cls, person.order) <= NEAR_S)) {
        person.heldSince = t;
        held.push(person);
      } else showPage(person);
    }
    held.sort((a, b) => (a.cls === b.cls ? a.order - b.order : a.cls < b.cls ? -1 : 1));
    held = held.filter((person) => {
      if (isCalled(person)) {
        if (hasRoom()) {
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
      // As an event loop tells it: the share of the last second in which it worked, over it where more is queued.
      load += 0.25 * ((busyUntil > t ? 1 : 0) - load);
      state = account.step(load, doneTimes.length, now);
      const waiting = account.waiting;
      if (window === undefined && waiting > 500) {
        window = [t, t];
        worked = Math.max(0, busyUntil - t);
      }
      if (window !== undefined && waiting > 200) window[1] = t;
      if (window !== undefined && waiting > 200) workedAt = worked - Math.max(0, busyUntil - t);
    }
    byTime.delete(step);
  }
  const end = START + 1_000_000;
  account.step(0, 0, end);
  return {
    people,
    used: window === undefined ? 0 : workedAt / (window[1] - window[0]),
    waitingAfter: account.waiting,
  };
}
