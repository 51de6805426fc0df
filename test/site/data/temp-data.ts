import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Db } from '../../../src/site/data/open.ts';
import { openMigrated } from '../../../src/site/data/open-migrated.ts';
import { insertPost, type PostFields } from '../../../src/site/data/posts.ts';
import { insertUser, type NewUser } from '../../../src/site/data/users.ts';
import { closeConnections } from '../../../src/site/data/write.ts';

export interface TempData {
  dataDir: string;
  db: Db;
  remove: () => void;
}

/** An empty, migrated database in a folder of its own. */
export function tempData(): TempData {
  const dataDir = mkdtempSync(join(tmpdir(), 'tahan-data-'));
  const db = openMigrated(dataDir);
  return {
    dataDir,
    db,
    remove() {
      db.close();
      closeConnections();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export const addUser = (db: Db, name: string, fields: Partial<NewUser> = {}): number =>
  insertUser(db, { name, displayName: name, role: 'member', passwordHash: '*', createdAt: 1_000, ...fields })!;

let posts = 0;

export function addPost(db: Db, fields: Partial<PostFields> = {}): number {
  posts += 1;
  const plain = fields.plain ?? 'some words';
  return insertPost(
    db,
    {
      slug: `post-${posts}`,
      title: `Post ${posts}`,
      excerpt: '',
      authorId: null,
      status: 'published',
      publishAt: posts,
      pinned: false,
      campaignEndsAt: null,
      tags: [],
      markdown: plain,
      html: `<p>${plain}</p>`,
      plain,
      ...fields,
    },
    posts,
  );
}
