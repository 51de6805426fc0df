import type { RoomNews } from '../beats.ts';
import type { TicketClass } from './ticket.ts';

/** Where somebody stands, and how long it will take. */
export interface Standing {
  /** Live tickets before this one, and one. */
  place: number;
  waiting: number;
  /** Seconds until the turn: likely, and the range in which it mostly is. */
  seconds: number;
  lowSeconds: number;
  highSeconds: number;
  /** When to check in, s from now. */
  checkInSeconds: number;
}

/** An estimate is never given as more exact than this share. */
const LEAST_SPREAD = 0.15;
/** Check-ins that all who wait make in a second, at most: they must not be the surge. */
export const MAX_CHECK_INS_PER_S = 500;
/** Shortest and longest time between two check-ins, s. */
export const SOONEST_S = 1;
export const LATEST_S = 30;
/** A check-in is due after this part of the time that is left. */
const PART_OF_WAIT = 1 / 8;
/** Whose turn is so near looks as often as can be, s: when called, he comes at once. */
const FRONT_S = 4;

/** Live tickets before one, by the points of its line. */
export function before(points: readonly (readonly [number, number])[], order: number): number {
  let last: readonly [number, number] | undefined;
  for (const point of points) {
    if (order < point[0]) {
      if (last === undefined) return 0;
      return last[1] + ((point[1] - last[1]) * (order - last[0])) / (point[0] - last[0]);
    }
    last = point;
  }
  return last?.[1] ?? 0;
}

const totalOf = (points: readonly (readonly [number, number])[]): number => points.at(-1)?.[1] ?? 0;

/**
 * Where a ticket stands. Those before it leave the line in two ways: they are called (`ratePerS`), or they give up
 * (`leavesPerS`, each of them): n(t)' = -r - l n, which is empty at ln(1 + l n / r) / l.
 * `unseen`: tickets of this worker that the news does not count yet.
 */
export function standing(news: RoomNews, cls: TicketClass, order: number, unseen = 0): Standing {
  const own = before(news.lines[cls].points, order);
  const members = cls === 'm' ? 0 : totalOf(news.lines.m.points);
  const newest = order > (news.lines[cls].points.at(-1)?.[0] ?? 0);
  const ahead = Math.round(own + members + (newest ? coarse(unseen, own + members) : 0));
  const waiting = Math.max(ahead + 1, totalOf(news.lines.m.points) + totalOf(news.lines.n.points));
  const seconds = secondsFor(ahead, news.ratePerS, news.leavesPerS);
  const spread = Math.min(0.8, Math.max(LEAST_SPREAD, news.spread));
  const untilFront = secondsToCall(news, cls, order) * (1 - spread) - FRONT_S;
  const wanted = Math.min(Math.max(untilFront * PART_OF_WAIT, waiting / MAX_CHECK_INS_PER_S), untilFront / 2);
  return {
    place: ahead + 1,
    waiting,
    seconds,
    lowSeconds: seconds * (1 - spread),
    highSeconds: seconds * (1 + spread),
    checkInSeconds: Math.min(LATEST_S, Math.max(SOONEST_S, wanted)),
  };
}

/**
 * Who comes at the end of a long line is told the place to 2 %: it is no place yet before he comes back, and those who come at
 * once get one page, made once.
 */
function coarse(unseen: number, ahead: number): number {
  const step = Math.max(1, Math.floor((ahead + unseen) / 50));
  return unseen - (unseen % step);
}

export function secondsFor(ahead: number, ratePerS: number, leavesPerS: number): number {
  const direct = ahead / Math.max(ratePerS, 0.01);
  return leavesPerS > 1e-6 ? Math.log1p(leavesPerS * direct) / leavesPerS : direct;
}

/** Seconds until a ticket is called, by what is not called before it; 0: it is called. */
export function secondsToCall(news: RoomNews, cls: TicketClass, order: number): number {
  const { m, n } = news.lines;
  const uncalled = (line: RoomNews['lines']['m'], upTo: number): number =>
    Math.max(0, before(line.points, upTo) - before(line.points, line.called));
  const ahead = cls === 'm' ? uncalled(m, order) : uncalled(m, Number.POSITIVE_INFINITY) + uncalled(n, order);
  return order < news.lines[cls].called ? 0 : Math.max(0.05, ahead / Math.max(news.ratePerS, 0.01));
}
