import { z } from 'zod';
import { insertActivity } from '../data/activity.ts';
import { HOME_TAG, POSTS_TAG, postTag, tagTag, userTag } from '../data/cache-tags.ts';
import type { Db } from '../data/open.ts';
import * as posts from '../data/posts.ts';
import { freeSlug } from '../data/slug.ts';
import type { PostStatus, PostSummary } from '../data/types.ts';
import { userById } from '../data/users.ts';
import { longRead, write } from '../data/write.ts';
import { MarkdownTooComplexError, type Rendered, render } from './markdown.ts';
import * as rules from './rules.ts';
import { dataDir, task } from './task.ts';

/** Scheduled posts that one run publishes. */
const MAX_DUE = 100;
/** Links in one sitemap, by its protocol. */
const MAX_LINKS = 50_000;

export type Refusal<Reason extends string> = { ok: false; reason: Reason };

/** What was written, and the cached pages that show it. */
export interface PostWritten {
  ok: true;
  post: { id: number; slug: string; status: PostStatus; version: number; publishAt: number | null };
  /** Cache tags to purge; empty when no public page changed. */
  purge: string[];
  /** Something was taken back: purge hard. */
  hard: boolean;
}

type Shown = Pick<PostSummary, 'id' | 'slug' | 'status' | 'tags' | 'author'>;

/** Tags of the pages that showed, or will show, the post. */
function pagesOf(...versions: Shown[]): string[] {
  const tags = new Set<string>();
  for (const { id, status, author, tags: names } of versions) {
    if (status !== 'published') continue;
    for (const tag of [HOME_TAG, POSTS_TAG, postTag(id), ...names.map(tagTag)]) tags.add(tag);
    if (author !== null) tags.add(userTag(author.id));
  }
  return [...tags];
}

function mayWrite(db: Db, userId: number): boolean {
  const role = userById(db, userId)?.role;
  return role === 'editor' || role === 'admin';
}

/** The answer to a change from `before` to what is in the database now. */
function written(db: Db, id: number, before: Shown | undefined): PostWritten {
  const post = posts.postById(db, id)!;
  const { slug, status, version, publishAt } = post;
  return {
    ok: true,
    post: { id, slug, status, version, publishAt },
    purge: pagesOf(...(before === undefined ? [] : [before]), post),
    hard: before?.status === 'published' && (status !== 'published' || slug !== before.slug),
  };
}

function rendered(markdown: string): ({ ok: true } & Rendered) | (Refusal<'too-complex'> & { message: string }) {
  try {
    return { ok: true, ...render(markdown) };
  } catch (error) {
    if (error instanceof MarkdownTooComplexError) return { ok: false, reason: 'too-complex', message: error.message };
    throw error;
  }
}

/** Markdown as the page would show it: for the preview. */
export const renderMarkdown = task(z.object({ markdown: rules.markdown }), ({ markdown }) => rendered(markdown));

/** `keep`: as it is (a new post: draft). `at`: scheduled, or published with that date when it has passed. */
const publish = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('keep') }),
  z.object({ mode: z.literal('draft') }),
  z.object({ mode: z.literal('now') }),
  z.object({ mode: z.literal('at'), at: rules.time }),
]);

function nextState(
  wanted: z.output<typeof publish>,
  before: Pick<PostSummary, 'status' | 'publishAt'> | undefined,
  now: number,
): { status: PostStatus; publishAt: number | null } {
  if (wanted.mode === 'keep' && before !== undefined) return { status: before.status, publishAt: before.publishAt };
  if (wanted.mode === 'keep' || wanted.mode === 'draft') return { status: 'draft', publishAt: null };
  if (wanted.mode === 'at') return { status: wanted.at > now ? 'scheduled' : 'published', publishAt: wanted.at };
  return { status: 'published', publishAt: before?.status === 'published' ? before.publishAt : now };
}

/** Writes a new post, or over the one with `postId`; renders it; drafts, publishes or schedules it. For editors. */
export const savePost = task(
  z.object({
    dataDir,
    actorId: rules.id,
    postId: rules.id.optional(),
    /** Of the post that was edited: a save in between is then not overwritten. */
    version: z.int().optional(),
    title: rules.title,
    /** Default: made from the title once, then kept. */
    slug: rules.slug.optional(),
    markdown: rules.markdown,
    tags: rules.tagNames,
    pinned: z.boolean().default(false),
    campaignEndsAt: rules.time.nullable().default(null),
    publish,
  }),
  async (
    input,
    { signal },
  ): Promise<
    | PostWritten
    | Refusal<'forbidden' | 'not-found' | 'too-old-version' | 'slug-taken'>
    | (Refusal<'too-complex'> & { message: string })
  > => {
    const text = rendered(input.markdown);
    if (!text.ok) return text;
    const { html, plain, excerpt } = text;
    return write(input.dataDir, signal, (db) => {
      if (!mayWrite(db, input.actorId)) return { ok: false, reason: 'forbidden' };
      const now = Date.now();
      const before = input.postId === undefined ? undefined : posts.postById(db, input.postId);
      if (input.postId !== undefined && before === undefined) return { ok: false, reason: 'not-found' };
      if (before !== undefined && input.version !== undefined && input.version !== before.version)
        return { ok: false, reason: 'too-old-version' };
      if (input.slug !== undefined && posts.slugTaken(db, input.slug, before?.id))
        return { ok: false, reason: 'slug-taken' };
      const fields = {
        slug: input.slug ?? before?.slug ?? freeSlug(db, input.title),
        title: input.title,
        excerpt,
        ...nextState(input.publish, before, now),
        pinned: input.pinned,
        campaignEndsAt: input.campaignEndsAt,
        tags: input.tags,
        markdown: input.markdown,
        html,
        plain,
      };
      if (before !== undefined) posts.updatePost(db, before.id, fields, now);
      const id = before?.id ?? posts.insertPost(db, { ...fields, authorId: input.actorId }, now);
      insertActivity(db, { userId: input.actorId, kind: 'write', at: now, postId: id });
      return written(db, id, before);
    });
  },
);

/** A change of one post by an editor: checks both, then changes. */
function change(
  input: { dataDir: string; actorId: number; postId: number },
  signal: AbortSignal,
  apply: (db: Db, post: PostSummary, now: number) => void,
): Promise<PostWritten | Refusal<'forbidden' | 'not-found'>> {
  return write(input.dataDir, signal, (db) => {
    if (!mayWrite(db, input.actorId)) return { ok: false, reason: 'forbidden' };
    const before = posts.postById(db, input.postId);
    if (before === undefined) return { ok: false, reason: 'not-found' };
    const now = Date.now();
    apply(db, before, now);
    insertActivity(db, { userId: input.actorId, kind: 'write', at: now, postId: before.id });
    return written(db, before.id, before);
  });
}

const onePost = z.object({ dataDir, actorId: rules.id, postId: rules.id });

/** Publishes a post now. */
export const publishPost = task(onePost, (input, { signal }) =>
  change(input, signal, (db, post, now) => {
    const { status, publishAt } = nextState({ mode: 'now' }, post, now);
    posts.setPostStatus(db, post.id, status, publishAt, now);
  }),
);

/** Publishes a post at a time; one that has passed publishes it at once, with that date. */
export const schedulePost = task(onePost.extend({ at: rules.time }), (input, { signal }) =>
  change(input, signal, (db, post, now) => {
    const { status, publishAt } = nextState({ mode: 'at', at: input.at }, post, now);
    posts.setPostStatus(db, post.id, status, publishAt, now);
  }),
);

/** Takes a post back: a draft again. */
export const unpublishPost = task(onePost, (input, { signal }) =>
  change(input, signal, (db, post, now) => posts.setPostStatus(db, post.id, 'draft', null, now)),
);

/** Pins a post to the home page, with or without a countdown, or unpins it. */
export const pinPost = task(
  onePost.extend({ pinned: z.boolean(), campaignEndsAt: rules.time.nullable().default(null) }),
  (input, { signal }) =>
    change(input, signal, (db, post, now) => posts.setPinned(db, post.id, input.pinned, input.campaignEndsAt, now)),
);

/** Removes a post for ever, with its likes. */
export const deletePost = task(
  onePost,
  (input, { signal }): Promise<{ ok: true; purge: string[]; hard: boolean } | Refusal<'forbidden' | 'not-found'>> =>
    write(input.dataDir, signal, (db) => {
      if (!mayWrite(db, input.actorId)) return { ok: false, reason: 'forbidden' };
      const before = posts.postById(db, input.postId);
      if (before === undefined) return { ok: false, reason: 'not-found' };
      posts.deletePost(db, before.id);
      return { ok: true, purge: pagesOf(before), hard: true };
    }),
);

/** Publishes the scheduled posts whose time has come. Every worker may call it: a post is published once. */
export const publishDue = task(
  z.object({ dataDir, now: rules.time.optional() }),
  (input, { signal }): Promise<{ ok: true; published: number; purge: string[] }> =>
    write(input.dataDir, signal, (db) => {
      const now = input.now ?? Date.now();
      const due = posts.duePosts(db, now, MAX_DUE);
      for (const { id, publishAt } of due) posts.setPostStatus(db, id, 'published', publishAt, now);
      return {
        ok: true,
        published: due.length,
        purge: pagesOf(...due.map((post) => ({ ...post, status: 'published' as const }))),
      };
    }),
);

/** Links of all published posts for the sitemap, newest first. */
export const sitemapPosts = task(
  z.object({ dataDir, limit: z.int().min(1).max(MAX_LINKS).default(MAX_LINKS) }),
  async (input, { signal }): Promise<{ ok: true; posts: { slug: string; updatedAt: number }[] }> => ({
    ok: true,
    posts: await longRead(input.dataDir, signal, (db) => posts.postLinks(db, input.limit)),
  }),
);
