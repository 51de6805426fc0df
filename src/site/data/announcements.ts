import type { Db } from './open.ts';
import { statement } from './statement.ts';
import type { Announcement } from './types.ts';

const COLUMNS = 'id, title, text, created_at AS createdAt, expires_at AS expiresAt';

/** Those that have not expired, newest first. */
export function currentAnnouncements(db: Db, now: number, limit: number): Announcement[] {
  return statement<Announcement>(
    db,
    `SELECT ${COLUMNS} FROM announcements WHERE expires_at IS NULL OR expires_at > ? ORDER BY created_at DESC, id DESC LIMIT ?`,
  ).all(now, limit);
}

/** Inside a write. */
export function insertAnnouncement(db: Db, announcement: Omit<Announcement, 'id'>): number {
  const { title, text, createdAt, expiresAt } = announcement;
  const { lastInsertRowid } = statement(
    db,
    'INSERT INTO announcements (title, text, created_at, expires_at) VALUES (?, ?, ?, ?)',
  ).run(title, text, createdAt, expiresAt);
  return Number(lastInsertRowid);
}

/** Inside a write. */
export function deleteAnnouncement(db: Db, id: number): boolean {
  return statement(db, 'DELETE FROM announcements WHERE id = ?').run(id).changes > 0;
}
