import { z } from 'zod';
import { INCIDENT_ID } from './incident-id.ts';
import { opsEventSchema, sampleSchema } from './monitor-sample.ts';
import { MAX_OPEN_MS, MAX_TAIL_TEXT } from './tail/limits.ts';
import { MAX_TALLY_TEXT } from './traffic/limits.ts';

/** Pages that are made ready before an event besides its own. */
export const MAX_ASKED = 50;

/** From the primary to the monitor. Each may be lost: what the monitor is too slow for is dropped, never queued. */
export const toMonitorSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('sample'), sample: sampleSchema }),
  z.object({ type: z.literal('event'), event: opsEventSchema }),
  /** What a worker counted of its visitors (traffic/tally.ts), forwarded unread. */
  z.object({ type: z.literal('traffic'), worker: z.string().max(64), batch: z.string().max(MAX_TALLY_TEXT) }),
  /** Requests that a worker answered while an operator watches (tail/entry.ts), forwarded unread. */
  z.object({ type: z.literal('tail'), worker: z.string().max(64), batch: z.string().max(MAX_TAIL_TEXT) }),
  /** How an operator's action ended. */
  z.object({ type: z.literal('action-result'), id: z.string().max(64), ok: z.boolean(), text: z.string().max(4_000) }),
]);
export type ToMonitor = z.infer<typeof toMonitorSchema>;

/** From the monitor to the primary. */
export const fromMonitorSchema = z.discriminatedUnion('type', [
  /** Serves `/ops` on this unix socket. */
  z.object({ type: z.literal('ready'), socket: z.string().max(107) }),
  /** "I am awake, and have taken a sample": answers each. */
  z.object({ type: z.literal('pulse') }),
  /** Paths of the pages that people ask for most, first those asked for most: sent before an event. */
  z.object({ type: z.literal('asked'), paths: z.array(z.string().max(2_048)).max(MAX_ASKED) }),
  /** What an operator wants done. `by`: who, for the audit line. */
  z.object({ type: z.literal('action'), id: z.string().max(64), action: z.unknown(), by: z.string().max(200) }),
  /** Has the busiest worker profiled, for the report of this incident. */
  z.object({ type: z.literal('profile-incident'), id: z.string().regex(INCIDENT_ID) }),
  /** An operator watches requests, for so long from now on; 0: nobody does any more. */
  z.object({ type: z.literal('tail'), forMs: z.int().min(0).max(MAX_OPEN_MS) }),
]);
export type FromMonitor = z.infer<typeof fromMonitorSchema>;
