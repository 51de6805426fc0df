import type { Db } from './open.ts';
import { statement } from './statement.ts';

/** What was done once to this database; its value says more. */
export type MetaKey = 'sample' | 'seed';

export function metaValue(db: Db, key: MetaKey): string | undefined {
  return statement<{ value: string }>(db, 'SELECT value FROM meta WHERE key = ?').get(key)?.value;
}

/** Inside a write. */
export function setMeta(db: Db, key: MetaKey, value: string): void {
  statement(
    db,
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  ).run(key, value);
}
