import type { Db } from './open.ts';
import { statement } from './statement.ts';

/** What is known of a file that was imported before. */
export interface ImportRecord {
  contentHash: string;
  /** Null: the post was removed on the site. */
  postId: number | null;
}

export function importOf(db: Db, path: string): ImportRecord | undefined {
  return statement<ImportRecord>(
    db,
    'SELECT content_hash AS contentHash, post_id AS postId FROM imports WHERE path = ?',
  ).get(path);
}

/** Inside a write. */
export function setImport(db: Db, path: string, contentHash: string, postId: number): void {
  statement(
    db,
    `INSERT INTO imports (path, content_hash, post_id) VALUES (?, ?, ?)
     ON CONFLICT (path) DO UPDATE SET content_hash = excluded.content_hash, post_id = excluded.post_id`,
  ).run(path, contentHash, postId);
}
