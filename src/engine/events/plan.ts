import type { RoomHold } from '../beats.ts';
import { endOf, type PlannedEvent } from './event.ts';

/** Workers and pages are made ready so long before the start of an event, or before its visitors are gathered, ms. */
export const PREPARE_MS = 5 * 60_000;

/** What the server does for events at a moment. */
export interface EventPlan {
  /** Ids of the events whose time of preparation has come and whose end has not. */
  active: readonly string[];
  /** As many workers serve as may. */
  floor: boolean;
  /** The fleet does not shrink, and does not reload without force: the event has begun, or visitors gather for it. */
  steady: boolean;
  /** A line is kept as soon as one person finds no room. */
  armed: boolean;
  /** Visitors who are gathered now. */
  hold: RoomHold | undefined;
  /** Pages to have at hand, and to keep longer. */
  pages: readonly string[];
  /** Names of the events, for people. */
  names: readonly string[];
}

const NOTHING: EventPlan = {
  active: [],
  floor: false,
  steady: false,
  armed: false,
  hold: undefined,
  pages: [],
  names: [],
};

/**
 * What is to be done now for a list of events, whatever was done before: a restart, a clock that was moved, and events
 * that overlap need nothing of their own. `now`: epoch ms.
 */
export function eventPlan(events: readonly PlannedEvent[], now: number): EventPlan {
  const active = events.filter(
    (event) => !event.dryRun && now >= event.startAt - event.prequeueMs - PREPARE_MS && now < endOf(event),
  );
  if (active.length === 0) return NOTHING;
  const near = active.filter(({ startAt, prequeueMs }) => now >= startAt - prequeueMs);
  // Of several that gather visitors the one that begins first; the next one follows when it has begun.
  const gathering = near
    .filter(({ startAt, prequeueMs }) => prequeueMs > 0 && now < startAt)
    .sort((a, b) => a.startAt - b.startAt)[0];
  return {
    active: active.map(({ id }) => id),
    floor: true,
    steady: near.length > 0,
    armed: near.length > 0,
    hold:
      gathering === undefined
        ? undefined
        : { startAt: gathering.startAt, windowMs: gathering.prequeueMs, pages: [...gathering.pages] },
    pages: [...new Set(active.flatMap(({ pages }) => pages))],
    names: active.map(({ name }) => name),
  };
}
