import { siteCounts } from './counts.ts';
import type { Db } from './open.ts';
import { pageOf, paging } from './paging.ts';
import { statement } from './statement.ts';
import type { Page, Role, User } from './types.ts';

const COLUMNS = 'id, name, display_name AS displayName, role, role_shown AS roleShown, bio, created_at AS createdAt';

export function userById(db: Db, id: number): User | undefined {
  return statement<User>(db, `SELECT ${COLUMNS} FROM users WHERE id = ?`).get(id);
}

/** Names are the same in upper and lower case. */
export function userByName(db: Db, name: string): User | undefined {
  return statement<User>(db, `SELECT ${COLUMNS} FROM users WHERE name = ?`).get(name);
}

export function newestUsers(db: Db, limit: number): User[] {
  return statement<User>(db, `SELECT ${COLUMNS} FROM users ORDER BY created_at DESC, id DESC LIMIT ?`).all(limit);
}

/** All members, newest first. */
export function userPage(db: Db, { page, perPage }: { page: number; perPage: number }): Page<User> {
  const { users } = siteCounts(db);
  const place = paging(users, page, perPage);
  const items = statement<User>(
    db,
    `SELECT ${COLUMNS} FROM users WHERE id IN (SELECT id FROM users ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?)
     ORDER BY created_at DESC, id DESC`,
  ).all(place.limit, place.offset);
  return pageOf(items, users, place);
}

export interface Credentials {
  id: number;
  passwordHash: string;
}

/** What a password is checked against. */
export function credentialsByName(db: Db, name: string): Credentials | undefined {
  return statement<Credentials>(db, 'SELECT id, password_hash AS passwordHash FROM users WHERE name = ?').get(name);
}

export function credentialsById(db: Db, id: number): Credentials | undefined {
  return statement<Credentials>(db, 'SELECT id, password_hash AS passwordHash FROM users WHERE id = ?').get(id);
}

export interface NewUser {
  name: string;
  displayName: string;
  role: Role;
  /** See `tasks/password.ts`; `*`: cannot sign in. */
  passwordHash: string;
  bio?: string;
  createdAt: number;
}

/** Inside a write. Undefined: the name is taken. */
export function insertUser(db: Db, user: NewUser): number | undefined {
  const { changes, lastInsertRowid } = statement(
    db,
    `INSERT INTO users (name, display_name, role, password_hash, bio, created_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (name) DO NOTHING`,
  ).run(user.name, user.displayName, user.role, user.passwordHash, user.bio ?? '', user.createdAt);
  return changes === 0 ? undefined : Number(lastInsertRowid);
}

/** Inside a write. */
export function setPasswordHash(db: Db, userId: number, passwordHash: string): void {
  statement(db, 'UPDATE users SET password_hash = ? WHERE id = ?').run(passwordHash, userId);
}

/** Inside a write. */
export function setRole(db: Db, userId: number, role: Role): void {
  statement(db, 'UPDATE users SET role = ? WHERE id = ?').run(role, userId);
}

/** Inside a write. */
export function setProfile(db: Db, userId: number, profile: Pick<User, 'displayName' | 'bio' | 'roleShown'>): void {
  statement(db, 'UPDATE users SET display_name = ?, bio = ?, role_shown = ? WHERE id = ?').run(
    profile.displayName,
    profile.bio,
    profile.roleShown,
    userId,
  );
}

/** Inside a write. Sessions, likes and activity go too; posts stay, without an author. */
export function deleteUser(db: Db, userId: number): void {
  statement(db, 'DELETE FROM users WHERE id = ?').run(userId);
}

/** All users by name, one at a time: for scripts. */
export function users(db: Db): IterableIterator<User> {
  return statement<User>(db, `SELECT ${COLUMNS} FROM users ORDER BY name`).iterate() as IterableIterator<User>;
}
