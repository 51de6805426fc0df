import { readdirSync, readFileSync } from 'node:fs';
import type { Db } from './open.ts';

const FOLDER = new URL('./migrations/', import.meta.url);

export interface Migration {
  /** From 1, without gaps: the database's `user_version` once it is applied. */
  number: number;
  name: string;
  sql: string;
}

/** The database was written by a newer Tahan: this one must not touch it. */
export class DatabaseNewerError extends Error {
  readonly code = 'DATABASE_NEWER';
  override readonly name = 'DatabaseNewerError';
  constructor(path: string, version: number, known: number) {
    super(
      `${path} has version ${version}, this Tahan knows up to ${known}: start the newer Tahan, or restore a backup made before it (npm run restore -- FILE)`,
    );
  }
}

/** The migrations that ship with this version, in order. */
export function readMigrations(folder: URL = FOLDER): Migration[] {
  const migrations = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({
      number: Number(file.slice(0, 3)),
      name: file,
      sql: readFileSync(new URL(file, folder), 'utf8'),
    }));
  for (const [index, { number, name }] of migrations.entries()) {
    if (number !== index + 1)
      throw new Error(`migration ${name}: its number must be ${String(index + 1).padStart(3, '0')}`);
  }
  return migrations;
}

/**
 * Brings the database to the newest version; each migration in a transaction of its own, once, also when two processes try.
 * @returns the names of those that were applied
 * @throws {DatabaseNewerError} when the database is newer than the migrations
 */
export function migrate(db: Db, migrations: readonly Migration[] = readMigrations()): string[] {
  const applied: string[] = [];
  const version = (): number => db.pragma('user_version', { simple: true }) as number;
  const newest = migrations.at(-1)?.number ?? 0;
  if (version() > newest) throw new DatabaseNewerError(db.name, version(), newest);
  for (const migration of migrations) {
    const apply = db.transaction(() => {
      if (version() >= migration.number) return;
      db.exec(migration.sql);
      db.pragma(`user_version = ${migration.number}`);
      applied.push(migration.name);
    });
    apply.immediate();
  }
  return applied;
}
