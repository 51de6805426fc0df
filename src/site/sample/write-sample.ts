import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { insertAnnouncement } from '../data/announcements.ts';
import { parseFrontMatter } from '../data/front-matter.ts';
import type { Db } from '../data/open.ts';
import { insertPost } from '../data/posts.ts';
import { freeSlug } from '../data/slug.ts';
import type { NewUser } from '../data/users.ts';
import { insertUser, userByName } from '../data/users.ts';
import { render } from '../tasks/markdown.ts';
import { tagNames, title } from '../tasks/rules.ts';

const FOLDER = new URL('./posts/', import.meta.url);
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** Nobody can sign in as them: `*` is no password's hash. */
const AUTHORS: Omit<NewUser, 'createdAt'>[] = [
  {
    name: 'mira',
    displayName: 'Mira Lindqvist',
    role: 'editor',
    passwordHash: '*',
    bio: 'Keeps the calendar of the commons, and the kettle warm. Ask me about the tree campaign.',
  },
  {
    name: 'tomas',
    displayName: 'Tomás Arroyo',
    role: 'editor',
    passwordHash: '*',
    bio: 'Runs the repair café. If it has screws, it can be opened; if it has none, that is a challenge.',
  },
  {
    name: 'wulan',
    displayName: 'Wulan Prasetyo',
    role: 'editor',
    passwordHash: '*',
    bio: 'Looks after this website and its one small server. Writes down what went wrong, so that it goes wrong differently next time.',
  },
];

const ANNOUNCEMENTS = [
  {
    title: 'Your activity, as a chart and as a file',
    text: 'The dashboard now shows your last 30 days, and lets you take all of it with you as CSV.',
    hoursAgo: 50,
    days: 60,
  },
];

const head = z.strictObject({
  title,
  tags: tagNames,
  author: z.string(),
  hoursAgo: z.number().nonnegative(),
  /** Pins the post, with a countdown. */
  campaignDays: z.number().positive().optional(),
});

/** Inside a write: a small community's posts, authors and announcements, dated back from `now`. */
export function writeSample(db: Db, now: number): void {
  for (const author of AUTHORS) insertUser(db, { ...author, createdAt: now - 120 * DAY_MS });
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.md'));
  const posts = files
    .map((file) => {
      const { fields, body } = parseFrontMatter(readFileSync(new URL(file, FOLDER), 'utf8'));
      return { ...head.parse(fields), body: body.trim() };
    })
    .sort((a, b) => b.hoursAgo - a.hoursAgo);
  for (const { title, tags, author, hoursAgo, campaignDays, body } of posts) {
    const publishAt = now - hoursAgo * HOUR_MS;
    insertPost(
      db,
      {
        slug: freeSlug(db, title),
        title,
        ...render(body),
        authorId: userByName(db, author)?.id ?? null,
        status: 'published',
        publishAt,
        pinned: campaignDays !== undefined,
        campaignEndsAt: campaignDays === undefined ? null : now + campaignDays * DAY_MS,
        tags,
        markdown: body,
      },
      publishAt,
    );
  }
  for (const { title, text, hoursAgo, days } of ANNOUNCEMENTS) {
    insertAnnouncement(db, { title, text, createdAt: now - hoursAgo * HOUR_MS, expiresAt: now + days * DAY_MS });
  }
}
