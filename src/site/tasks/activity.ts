import { z } from 'zod';
import { type ActivityRow, activityAfter, activityByDay, insertActivity, sweepActivity } from '../data/activity.ts';
import { touchSession } from '../data/sessions.ts';
import { ACTIVITY_KINDS, type ActivityDay } from '../data/types.ts';
import { longRead, write } from '../data/write.ts';
import * as rules from './rules.ts';
import { dataDir, task } from './task.ts';

/** Most of each kind in one batch. */
const MAX_BATCH = 500;
const MAX_CHUNK_ROWS = 2_000;

/** Writes what members did, and which sessions were seen, in one transaction. Collect for some seconds, then call. */
export const recordActivity = task(
  z.object({
    dataDir,
    events: z
      .array(z.object({ userId: rules.id, kind: z.enum(ACTIVITY_KINDS), at: rules.time, postId: rules.id.nullish() }))
      .max(MAX_BATCH),
    /** `id`: of the session in lists. */
    sessions: z
      .array(z.object({ id: rules.id, at: rules.time }))
      .max(MAX_BATCH)
      .default([]),
  }),
  async (input, { signal }): Promise<{ ok: true }> => {
    if (input.events.length === 0 && input.sessions.length === 0) return { ok: true };
    await write(input.dataDir, signal, (db) => {
      for (const event of input.events) insertActivity(db, event);
      for (const { id, at } of input.sessions) touchSession(db, id, at);
      sweepActivity(db, Date.now());
    });
    return { ok: true };
  },
);

/** A user's activity per day, oldest first, up to today. */
export const activityChart = task(
  z.object({ dataDir, userId: rules.id, days: z.int().min(1).max(400).default(30), now: rules.time.optional() }),
  async (input, { signal }): Promise<{ ok: true; days: ActivityDay[] }> => ({
    ok: true,
    days: await longRead(input.dataDir, signal, (db) =>
      activityByDay(db, input.userId, input.days, input.now ?? Date.now()),
    ),
  }),
);

const CSV_HEAD = 'time,what,post,title\r\n';

/** A field by RFC 4180. What a spreadsheet would take for a formula is made text (OWASP, CSV injection). */
function csvField(value: string): string {
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const csvLine = ({ at, kind, slug, title }: ActivityRow): string =>
  `${[new Date(at).toISOString(), kind, slug ?? '', title ?? ''].map(csvField).join(',')}\r\n`;

/** A part of a user's activity as CSV, oldest first. Begin without `after`; go on with `next` until it is null. */
export const activityCsvChunk = task(
  z.object({
    dataDir,
    userId: rules.id,
    after: z.int().min(0).default(0),
    limit: z.int().min(1).max(MAX_CHUNK_ROWS).default(MAX_CHUNK_ROWS),
  }),
  async (input, { signal }): Promise<{ ok: true; csv: string; next: number | null }> => {
    const rows = await longRead(input.dataDir, signal, (db) =>
      activityAfter(db, input.userId, input.after, input.limit),
    );
    return {
      ok: true,
      csv: (input.after === 0 ? CSV_HEAD : '') + rows.map(csvLine).join(''),
      next: rows.length < input.limit ? null : rows.at(-1)!.id,
    };
  },
);
