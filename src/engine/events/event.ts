import { z } from 'zod';

/** Most events that are kept; old ones are let go a day after their end. */
export const MAX_EVENTS = 64;
/** Longest event, and earliest preparation, ms. */
export const MAX_FOR_MS = 14 * 86_400_000;
export const MAX_PREQUEUE_MS = 3_600_000;
export const MAX_PAGES = 32;

const page = z.string().regex(/^\/[^\s#]{0,2000}$/);

/** A time for which the server makes itself ready. Times in epoch ms. */
export const eventSchema = z.object({
  id: z.string().regex(/^[a-z0-9]{1,16}$/),
  name: z.string().min(1).max(80),
  startAt: z.int().positive(),
  forMs: z.int().positive().max(MAX_FOR_MS),
  pages: z.array(page).max(MAX_PAGES),
  /** Visitors are gathered for so long before the start, ms; 0: not at all. */
  prequeueMs: z.int().nonnegative().max(MAX_PREQUEUE_MS),
  /** Only told, nothing is done. */
  dryRun: z.boolean(),
  /** As it was written, for people. */
  at: z.string().max(64),
});
export type PlannedEvent = z.infer<typeof eventSchema>;
export const eventsSchema = z.array(eventSchema).max(MAX_EVENTS);

export const endOf = ({ startAt, forMs }: PlannedEvent): number => startAt + forMs;
