import type { Db } from './open.ts';
import { statement } from './statement.ts';
import type { Tag } from './types.ts';

/** The tags that most published posts carry. */
export function popularTags(db: Db, limit: number): Tag[] {
  return statement<Tag>(
    db,
    'SELECT name, post_count AS postCount FROM tags WHERE post_count > 0 ORDER BY post_count DESC, name LIMIT ?',
  ).all(limit);
}
