import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { PrepareContext } from '../../src/engine/site.ts';
import { currentAnnouncements } from '../../src/site/data/announcements.ts';
import { siteCounts } from '../../src/site/data/counts.ts';
import { type Db, openReader, openWriter } from '../../src/site/data/open.ts';
import { openMigrated } from '../../src/site/data/open-migrated.ts';
import { deletePost, newestPosts, pinnedPost } from '../../src/site/data/posts.ts';
import { credentialsByName } from '../../src/site/data/users.ts';
import { prepareSite } from '../../src/site/prepare.ts';
import { addPost } from './data/temp-data.ts';

let dataDir: string;
let said: string[];

const prepare = ({ sample = true } = {}): void => {
  const context = { settings: { dataDir, sample }, log: { info: () => {} }, say: (line: string) => said.push(line) };
  prepareSite(context as unknown as PrepareContext);
};

function read<T>(work: (db: Db) => T): T {
  const db = openReader(dataDir);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tahan-prepare-'));
  said = [];
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

describe('the first start', () => {
  test('writes a sample site, and says how to make an editor, once', () => {
    prepare();
    expect(said).toEqual(['To make an editor: npm run user -- add NAME --role editor']);
    const before = read(siteCounts);
    expect(before.posts).toBeGreaterThanOrEqual(8);
    prepare();
    expect(said).toHaveLength(1);
    expect(read(siteCounts)).toEqual(before);
  });

  test('has a campaign with a countdown, announcements, and authors who cannot sign in', () => {
    prepare();
    expect(read(pinnedPost)?.campaignEndsAt).toBeGreaterThan(Date.now());
    const announcements = read((db) => currentAnnouncements(db, Date.now(), 5));
    expect(announcements).not.toHaveLength(0);
    // Nobody has planned any.
    expect(JSON.stringify(announcements)).not.toMatch(/maintenance/i);
    for (const post of read((db) => newestPosts(db, 50))) {
      expect(post.tags).not.toHaveLength(0);
      expect(read((db) => credentialsByName(db, post.author!.name))?.passwordHash).toBe('*');
    }
  });

  test('begins empty where no sample is wanted, and stays so', () => {
    prepare({ sample: false });
    expect(read(siteCounts)).toEqual({ users: 0, posts: 0, likes: 0 });
    prepare();
    expect(read(siteCounts).posts).toBe(0);
  });

  test('leaves content alone that was there before', () => {
    const db = openMigrated(dataDir);
    addPost(db);
    db.close();
    prepare();
    expect(read(siteCounts).posts).toBe(1);
  });

  test('does not bring back what was removed', () => {
    prepare();
    const db = openWriter(dataDir);
    for (const { id } of newestPosts(db, 50)) deletePost(db, id);
    db.close();
    prepare();
    expect(read(siteCounts).posts).toBe(0);
  });
});
