import { z } from 'zod';
import { deleteAnnouncement, insertAnnouncement } from '../data/announcements.ts';
import type { Db } from '../data/open.ts';
import { userById } from '../data/users.ts';
import { write } from '../data/write.ts';
import * as rules from './rules.ts';
import { dataDir, task } from './task.ts';

const mayAnnounce = (db: Db, userId: number): boolean => (userById(db, userId)?.role ?? 'member') !== 'member';

/** Tells all members something. For editors. */
export const saveAnnouncement = task(
  z.object({
    dataDir,
    actorId: rules.id,
    title: rules.title,
    text: z.string().trim().min(1, 'Must not be empty.').max(2_000, 'At most 2000 characters.'),
    expiresAt: rules.time.nullable().default(null),
  }),
  (input, { signal }): Promise<{ ok: true; id: number } | { ok: false; reason: 'forbidden' }> =>
    write(input.dataDir, signal, (db) => {
      if (!mayAnnounce(db, input.actorId)) return { ok: false, reason: 'forbidden' };
      const { title, text, expiresAt } = input;
      return { ok: true, id: insertAnnouncement(db, { title, text, createdAt: Date.now(), expiresAt }) };
    }),
);

/** Takes an announcement back. For editors. */
export const removeAnnouncement = task(
  z.object({ dataDir, actorId: rules.id, id: rules.id }),
  (input, { signal }): Promise<{ ok: true } | { ok: false; reason: 'forbidden' | 'not-found' }> =>
    write(input.dataDir, signal, (db) => {
      if (!mayAnnounce(db, input.actorId)) return { ok: false, reason: 'forbidden' };
      return deleteAnnouncement(db, input.id) ? { ok: true } : { ok: false, reason: 'not-found' };
    }),
);
