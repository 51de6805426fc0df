import type Database from 'better-sqlite3';
import type { Db } from './open.ts';

/** Prepared statements of each connection; SQL texts are constants of the code, so the map is bounded by it. */
const prepared = new WeakMap<Db, Map<string, Database.Statement<unknown[], unknown>>>();

/** The prepared statement of this SQL on this connection; prepared once. */
export function statement<Row = unknown>(db: Db, sql: string): Database.Statement<unknown[], Row> {
  let statements = prepared.get(db);
  if (statements === undefined) {
    statements = new Map();
    prepared.set(db, statements);
  }
  let found = statements.get(sql);
  if (found === undefined) {
    found = db.prepare<unknown[], unknown>(sql);
    statements.set(sql, found);
  }
  return found as Database.Statement<unknown[], Row>;
}
