import { createHash, randomBytes } from 'node:crypto';
import type { Db } from './open.ts';
import { statement } from './statement.ts';
import type { Session, User } from './types.ts';

/** Sessions that one user may have; the oldest ends when one more begins. */
export const MAX_SESSIONS_PER_USER = 20;
/** A session ends this long after its sign-in. */
export const SESSION_MS = 30 * 24 * 60 * 60 * 1000;
/** Expired sessions of anybody that one sign-in clears away. */
const SWEEP_ROWS = 100;
const MAX_USER_AGENT = 120;

/** 256 random bits: what the cookie carries. */
export const newSessionId = (): string => randomBytes(32).toString('base64url');

/** What the database keeps of a session id: who reads the file cannot sign in with it. */
export const hashSessionId = (sessionId: string): string => createHash('sha256').update(sessionId).digest('hex');

const COLUMNS = `sessions.id, sessions.user_id AS userId, sessions.created_at AS createdAt, sessions.last_seen_at AS lastSeenAt,
  sessions.expires_at AS expiresAt, sessions.user_agent AS userAgent`;

type SessionUserRow = Session & {
  name: string;
  displayName: string;
  role: User['role'];
  roleShown: User['roleShown'];
  bio: string;
  userCreatedAt: number;
};

/** The session of a cookie's id and its user; undefined when unknown, ended or expired. */
export function sessionUser(db: Db, sessionId: string, now: number): { session: Session; user: User } | undefined {
  const row = statement<SessionUserRow>(
    db,
    `SELECT ${COLUMNS}, users.name, users.display_name AS displayName, users.role, users.role_shown AS roleShown, users.bio, users.created_at AS userCreatedAt
     FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id_hash = ? AND sessions.expires_at > ?`,
  ).get(hashSessionId(sessionId), now);
  if (row === undefined) return undefined;
  const { name, displayName, role, roleShown, bio, userCreatedAt, ...session } = row;
  return { session, user: { id: row.userId, name, displayName, role, roleShown, bio, createdAt: userCreatedAt } };
}

/** The living sessions of a user, newest first; at most MAX_SESSIONS_PER_USER. */
export function sessionsOf(db: Db, userId: number, now: number): Session[] {
  return statement<Session>(
    db,
    `SELECT ${COLUMNS} FROM sessions WHERE user_id = ? AND expires_at > ? ORDER BY created_at DESC, id DESC LIMIT ${MAX_SESSIONS_PER_USER}`,
  ).all(userId, now);
}

/** Inside a write. Ends the user's oldest sessions above the bound, and sweeps some expired ones. */
export function insertSession(
  db: Db,
  session: { sessionId: string; userId: number; userAgent: string; now: number },
): void {
  const { sessionId, userId, userAgent, now } = session;
  statement(
    db,
    'INSERT INTO sessions (id_hash, user_id, created_at, last_seen_at, expires_at, user_agent) VALUES (?, ?, ?, ?, ?, ?)',
  ).run(hashSessionId(sessionId), userId, now, now, now + SESSION_MS, userAgent.slice(0, MAX_USER_AGENT));
  statement(
    db,
    `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = ? ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ${MAX_SESSIONS_PER_USER})`,
  ).run(userId);
  statement(
    db,
    `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ? LIMIT ${SWEEP_ROWS})`,
  ).run(now);
}

/** Inside a write. */
export function touchSession(db: Db, sessionRowId: number, at: number): void {
  statement(db, 'UPDATE sessions SET last_seen_at = max(last_seen_at, ?) WHERE id = ?').run(at, sessionRowId);
}

/** Inside a write; by the cookie's id. */
export function deleteSessionByCookie(db: Db, sessionId: string): boolean {
  return statement(db, 'DELETE FROM sessions WHERE id_hash = ?').run(hashSessionId(sessionId)).changes > 0;
}

/** Inside a write; only a session of this user. */
export function deleteSession(db: Db, userId: number, sessionRowId: number): boolean {
  return statement(db, 'DELETE FROM sessions WHERE id = ? AND user_id = ?').run(sessionRowId, userId).changes > 0;
}

/** Inside a write. All sessions of the user, but the one of `keep` (a cookie's id). */
export function deleteSessionsOf(db: Db, userId: number, keep?: string): number {
  const kept = keep === undefined ? '' : hashSessionId(keep);
  return statement(db, 'DELETE FROM sessions WHERE user_id = ? AND id_hash <> ?').run(userId, kept).changes;
}
