import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { seed, seedData } from '../../scripts/seed.ts';
import { siteCounts } from '../../src/site/data/counts.ts';
import { openReader } from '../../src/site/data/open.ts';
import { searchPosts } from '../../src/site/data/posts.ts';
import { credentialsByName } from '../../src/site/data/users.ts';
import { verify } from '../../src/site/tasks/password.ts';
import { type TempData, tempData } from '../site/data/temp-data.ts';
import { type FakeTerminal, fakeTerminal } from './terminal.ts';

const NOW = Date.UTC(2026, 2, 9, 12);

let terminal: FakeTerminal;

beforeEach(() => {
  terminal = fakeTerminal();
});
afterEach(() => terminal.remove());

/** All that was written, but the time of writing it. */
function contents({ db }: TempData): unknown {
  return ['users', 'posts', 'post_tags', 'likes', 'activity'].map((table) =>
    db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all(),
  );
}

function seeded(size: Parameters<typeof seedData>[1]): unknown {
  const data = tempData();
  try {
    seedData(data.db, size, NOW);
    return contents(data);
  } finally {
    data.remove();
  }
}

describe('npm run seed', () => {
  test('makes members, posts, likes and activity that the site can use', async () => {
    expect(await seed(['--users', '120', '--posts', '40'], terminal)).toBe(0);
    for (const step of ['member 120 of 120', 'post 40 of 40', 'likes of 120 of 120 members'])
      expect(terminal.progressed).toContain(step);
    const db = openReader(terminal.dataDir);
    expect(siteCounts(db)).toMatchObject({ users: 120, posts: 40 });
    expect(siteCounts(db).likes).toBeGreaterThan(100);
    expect(searchPosts(db, 'no', { page: 1, perPage: 5 }).total).toBe(40);
    expect(verify('seed-password', credentialsByName(db, 'member-77')?.passwordHash)).toEqual({
      right: true,
      outdated: false,
    });
    db.close();
  });

  test('does it once', async () => {
    await seed(['--users', '5', '--posts', '3'], terminal);
    expect(await seed(['--users', '50', '--posts', '30'], terminal)).toBe(0);
    expect(terminal.said.at(-1)).toMatch(/^already seeded, with .*"users":5/);
    const db = openReader(terminal.dataDir);
    expect(siteCounts(db)).toMatchObject({ users: 5, posts: 3 });
    db.close();
  });

  test('makes the same of the same seed, and other things of another', () => {
    const size = { users: 30, posts: 10, seed: 1 };
    expect(seeded(size)).toEqual(seeded(size));
    expect(seeded({ ...size, seed: 2 })).not.toEqual(seeded(size));
  });

  test.each([[{ users: 0, posts: 3, seed: 1 }], [{ users: 3, posts: 0, seed: 1 }], [{ users: 1, posts: 1, seed: 0 }]])(
    'takes %j',
    (size) => {
      expect(() => seeded(size)).not.toThrow();
    },
  );

  test.each([
    [['--users', 'many']],
    [['--posts', '-1']],
    [['--users', '1.5']],
    [['--posts', '999999999']],
    [['extra']],
    [['--nope']],
  ])('tells how it is used, with 2: %j', async (args) => {
    expect(await seed(args, terminal)).toBe(2);
    expect(terminal.complained.at(-1)).toMatch(/^Usage: npm run seed/);
  });
});
