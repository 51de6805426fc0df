import type { Db } from './open.ts';
import { statement } from './statement.ts';
import { ACTIVITY_KINDS, type ActivityDay, type ActivityKind } from './types.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Events of one user and day that are kept one by one; more are only counted. */
const MAX_EVENTS_PER_DAY = 1_000;
/** Activity older than this is cleared away. */
const KEPT_DAYS = 400;
/** Old rows that one batch clears away. */
const SWEEP_ROWS = 200;

const dayOf = (at: number): number => Math.floor(at / DAY_MS);

export interface ActivityEvent {
  userId: number;
  kind: ActivityKind;
  /** Epoch ms. */
  at: number;
  postId?: number | null | undefined;
}

/** Inside a write. Events of users or posts that are gone by now are left out. */
export function insertActivity(db: Db, { userId, kind, at, postId = null }: ActivityEvent): void {
  const counted = statement(
    db,
    `INSERT INTO activity_days (user_id, day, kind, count) SELECT id, ?, ?, 1 FROM users WHERE id = ?
     ON CONFLICT (user_id, day, kind) DO UPDATE SET count = count + 1`,
  ).run(dayOf(at), kind, userId);
  if (counted.changes === 0) return;
  const { total } = statement<{ total: number }>(
    db,
    'SELECT sum(count) AS total FROM activity_days WHERE user_id = ? AND day = ?',
  ).get(userId, dayOf(at))!;
  if (total > MAX_EVENTS_PER_DAY) return;
  statement(
    db,
    'INSERT INTO activity (user_id, at, kind, post_id) VALUES (?, ?, ?, (SELECT id FROM posts WHERE id = ?))',
  ).run(userId, at, kind, postId);
}

/** Inside a write. Clears a bounded number of rows that are older than is kept. */
export function sweepActivity(db: Db, now: number): void {
  const oldest = now - KEPT_DAYS * DAY_MS;
  statement(db, `DELETE FROM activity WHERE id IN (SELECT id FROM activity WHERE at < ? LIMIT ${SWEEP_ROWS})`).run(
    oldest,
  );
  statement(
    db,
    `DELETE FROM activity_days WHERE (user_id, day, kind) IN (SELECT user_id, day, kind FROM activity_days WHERE day < ? LIMIT ${SWEEP_ROWS})`,
  ).run(dayOf(oldest));
}

/** The user's last `days` days up to today, oldest first, days without activity included. For the thread pool. */
export function activityByDay(db: Db, userId: number, days: number, now: number): ActivityDay[] {
  const today = dayOf(now);
  const first = today - days + 1;
  const chart = Array.from(
    { length: days },
    (_, index): ActivityDay => ({
      day: new Date((first + index) * DAY_MS).toISOString().slice(0, 10),
      counts: Object.fromEntries(ACTIVITY_KINDS.map((kind) => [kind, 0])) as Record<ActivityKind, number>,
    }),
  );
  const rows = statement<{ day: number; kind: ActivityKind; count: number }>(
    db,
    'SELECT day, kind, count FROM activity_days WHERE user_id = ? AND day BETWEEN ? AND ?',
  ).all(userId, first, today);
  for (const { day, kind, count } of rows) chart[day - first]!.counts[kind] = count;
  return chart;
}

export interface ActivityRow {
  id: number;
  at: number;
  kind: ActivityKind;
  slug: string | null;
  title: string | null;
}

/** The user's events after the one with the id `after`, oldest first. For the thread pool. */
export function activityAfter(db: Db, userId: number, after: number, limit: number): ActivityRow[] {
  return statement<ActivityRow>(
    db,
    `SELECT activity.id, activity.at, activity.kind, posts.slug, posts.title FROM activity LEFT JOIN posts ON posts.id = activity.post_id
     WHERE activity.user_id = ? AND activity.id > ? ORDER BY activity.id LIMIT ?`,
  ).all(userId, after, limit);
}
