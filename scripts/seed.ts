import { parseArgs } from 'node:util';
import { insertActivity } from '../src/site/data/activity.ts';
import { insertLike } from '../src/site/data/likes.ts';
import { metaValue, setMeta } from '../src/site/data/meta.ts';
import type { Db } from '../src/site/data/open.ts';
import { openMigrated } from '../src/site/data/open-migrated.ts';
import { insertPost } from '../src/site/data/posts.ts';
import { freeSlug } from '../src/site/data/slug.ts';
import { insertUser } from '../src/site/data/users.ts';
import { render } from '../src/site/tasks/markdown.ts';
import { dataFolder, runCommand, type Terminal, UsageError } from './site-data/command.ts';
import { personBio, personName, postText, postTitle, TAGS } from './site-data/prose.ts';
import { between, pick, type Random, randomStream, skewed } from './site-data/random.ts';
import { terminal } from './site-data/terminal.ts';

const USAGE = `Usage: npm run seed -- --users 10000 --posts 2000 [--seed 1]
Fills the site with made-up members and posts, the same ones for the same numbers on the same day.
For trials only: all members have the password "seed-password" (member-1, member-2, ...; the first 1 % are editors).`;

/** Of "seed-password", at the current cost; hashed once and for all, as 10,000 hashes would take some 5 minutes. */
const SEED_PASSWORD_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$eZdkwrB329LguTcNBH1XrQ$/vMj5Kt1YRcxzda9qU+eG60jVP+0F4l4OYowoLSRC5c';

const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_USERS = 1_000_000;
const MAX_POSTS = 100_000;
const LIKES_PER_USER = 3;
/** Members with a filled activity chart: the first ones. */
const ACTIVE_USERS = 200;
const ACTIVE_DAYS = 30;

export interface SeedSize {
  users: number;
  posts: number;
  seed: number;
}

/** Inside a write: the whole data set, dated back from the day of `now`. */
export function seedData(
  db: Db,
  { users, posts, seed }: SeedSize,
  now: number,
  progress: (line: string) => void = () => {},
): void {
  const random = randomStream(seed);
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const userIds = seedUsers(db, users, random, today, progress);
  const editors = userIds.slice(0, Math.max(1, Math.ceil(users / 100)));
  const postIds = seedPosts(db, posts, editors, random, today, progress);
  if (userIds.length === 0 || postIds.length === 0) return;
  for (const [index, userId] of userIds.entries()) {
    progress(`likes of ${index + 1} of ${userIds.length} members`);
    for (let likes = between(random, 0, LIKES_PER_USER * 2); likes > 0; likes -= 1) {
      insertLike(db, userId, postIds[skewed(random, postIds.length)]!, today - between(random, 1, 300) * DAY_MS);
    }
  }
  for (const userId of userIds.slice(0, ACTIVE_USERS)) {
    for (let day = ACTIVE_DAYS; day > 0; day -= 1) {
      for (let events = between(random, 0, 5); events > 0; events -= 1) {
        const at = today - day * DAY_MS + between(random, 6, 22) * 3_600_000 + between(random, 0, 3_599_999);
        const kind = pick(random, ['sign-in', 'read', 'read', 'read', 'like'] as const);
        insertActivity(db, { userId, kind, at, postId: kind === 'sign-in' ? null : pick(random, postIds) });
      }
    }
  }
}

/** @returns ids of the new users; a name that is taken is left out */
function seedUsers(db: Db, count: number, random: Random, today: number, progress: (line: string) => void): number[] {
  const ids: number[] = [];
  for (let number = 1; number <= count; number += 1) {
    progress(`member ${number} of ${count}`);
    const id = insertUser(db, {
      name: `member-${number}`,
      displayName: personName(random),
      role: number <= Math.ceil(count / 100) ? 'editor' : 'member',
      passwordHash: SEED_PASSWORD_HASH,
      bio: personBio(random),
      createdAt: today - between(random, 1, 900) * DAY_MS - between(random, 0, DAY_MS),
    });
    if (id !== undefined) ids.push(id);
  }
  return ids;
}

/** @returns ids, newest first */
function seedPosts(
  db: Db,
  count: number,
  authors: readonly number[],
  random: Random,
  today: number,
  progress: (line: string) => void,
): number[] {
  const ids: number[] = [];
  for (let number = 1; number <= count; number += 1) {
    progress(`post ${number} of ${count}`);
    const title = postTitle(random, number);
    const markdown = postText(random);
    const publishAt = today - (count - number) * 4 * 3_600_000 - between(random, 0, 3_600_000);
    const tags = [...new Set(Array.from({ length: between(random, 1, 3) }, () => TAGS[skewed(random, TAGS.length)]!))];
    const authorId = authors.length === 0 ? null : authors[skewed(random, authors.length)]!;
    const post = {
      slug: freeSlug(db, title),
      title,
      ...render(markdown),
      authorId,
      status: 'published' as const,
      publishAt,
      pinned: false,
      campaignEndsAt: null,
      tags,
      markdown,
    };
    ids.unshift(insertPost(db, post, publishAt));
  }
  return ids;
}

function readCount(name: string, text: string, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw new UsageError(`--${name} must be a whole number from 0 to ${max}, not "${text}"`);
  return value;
}

/** Runs the seeding of these arguments. @returns the exit code */
export function seed(args: string[], io: Terminal): Promise<number> {
  return runCommand(USAGE, io, async () => {
    const { values } = parseArgs({
      args,
      options: {
        users: { type: 'string', default: '10000' },
        posts: { type: 'string', default: '2000' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) return io.out(USAGE);
    const size: SeedSize = {
      users: readCount('users', values.users, MAX_USERS),
      posts: readCount('posts', values.posts, MAX_POSTS),
      seed: readCount('seed', values.seed, 999_999_999),
    };
    const db = openMigrated(dataFolder(io.env));
    try {
      const began = performance.now();
      const before = db
        .transaction(() => {
          const done = metaValue(db, 'seed');
          if (done !== undefined) return done;
          seedData(db, size, Date.now(), io.progress);
          setMeta(db, 'seed', JSON.stringify(size));
          return undefined;
        })
        .immediate();
      if (before !== undefined) return io.out(`already seeded, with ${before}: nothing was changed`);
      io.out(`${size.users} members and ${size.posts} posts in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    } finally {
      db.close();
    }
  });
}

if (import.meta.main) process.exitCode = await seed(process.argv.slice(2), terminal);
