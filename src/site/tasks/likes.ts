import { z } from 'zod';
import { insertActivity } from '../data/activity.ts';
import { deleteLike, insertLike } from '../data/likes.ts';
import { postById } from '../data/posts.ts';
import { userById } from '../data/users.ts';
import { write } from '../data/write.ts';
import * as rules from './rules.ts';
import { dataDir, task } from './task.ts';

const input = z.object({ dataDir, userId: rules.id, postId: rules.id });

export type Liked = { ok: true; likeCount: number } | { ok: false; reason: 'not-found' };

/** Likes a published post; fine when liked before. */
export const likePost = task(
  input,
  ({ dataDir, userId, postId }, { signal }): Promise<Liked> =>
    write(dataDir, signal, (db) => {
      if (userById(db, userId) === undefined || postById(db, postId)?.status !== 'published')
        return { ok: false, reason: 'not-found' };
      const now = Date.now();
      if (insertLike(db, userId, postId, now)) insertActivity(db, { userId, kind: 'like', at: now, postId });
      return { ok: true, likeCount: postById(db, postId)!.likeCount };
    }),
);

/** Takes a like back; fine when there is none. */
export const unlikePost = task(
  input,
  ({ dataDir, userId, postId }, { signal }): Promise<Liked> =>
    write(dataDir, signal, (db) => {
      deleteLike(db, userId, postId);
      const post = postById(db, postId);
      return post === undefined ? { ok: false, reason: 'not-found' } : { ok: true, likeCount: post.likeCount };
    }),
);
