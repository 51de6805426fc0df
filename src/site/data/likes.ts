import type { Db } from './open.ts';
import { statement } from './statement.ts';

export function hasLiked(db: Db, userId: number, postId: number): boolean {
  return statement(db, 'SELECT 1 FROM likes WHERE user_id = ? AND post_id = ?').get(userId, postId) !== undefined;
}

/** Inside a write. False: liked before. The post's count is kept by a trigger. */
export function insertLike(db: Db, userId: number, postId: number, now: number): boolean {
  return (
    statement(db, 'INSERT INTO likes (user_id, post_id, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING').run(
      userId,
      postId,
      now,
    ).changes > 0
  );
}

/** Inside a write. False: there was none. */
export function deleteLike(db: Db, userId: number, postId: number): boolean {
  return statement(db, 'DELETE FROM likes WHERE user_id = ? AND post_id = ?').run(userId, postId).changes > 0;
}
