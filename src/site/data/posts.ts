import { siteCounts } from './counts.ts';
import type { Db } from './open.ts';
import { pageOf, paging } from './paging.ts';
import { searchQuery } from './search-query.ts';
import { statement } from './statement.ts';
import type { Author, Page, Post, PostStatus, PostSummary } from './types.ts';

/** Most results that a search ranks: the newest ones among more. It bounds the work of a common word. */
export const MAX_SEARCH_RESULTS = 500;

const SUMMARY = `posts.id, posts.slug, posts.title, posts.excerpt, posts.status, posts.publish_at AS publishAt, posts.pinned,
  posts.campaign_ends_at AS campaignEndsAt, posts.like_count AS likeCount, posts.tag_list AS tagList, posts.updated_at AS updatedAt,
  users.id AS authorId, users.name AS authorName, users.display_name AS authorDisplayName`;
const FULL = `${SUMMARY}, posts.version, posts.created_at AS createdAt, posts.markdown, posts.html`;
const FROM = 'FROM posts LEFT JOIN users ON users.id = posts.author_id';
const NEWEST = 'ORDER BY posts.publish_at DESC, posts.id DESC';

interface SummaryRow extends Omit<PostSummary, 'author' | 'pinned' | 'tags'> {
  pinned: 0 | 1;
  tagList: string;
  authorId: number | null;
  authorName: string | null;
  authorDisplayName: string | null;
}
type PostRow = SummaryRow & Pick<Post, 'version' | 'createdAt' | 'markdown' | 'html'>;

function fromRow<Row extends SummaryRow>(
  row: Row,
): Omit<Row, 'pinned'> & Pick<PostSummary, 'author' | 'pinned' | 'tags'> {
  const { authorId, authorName, authorDisplayName, tagList, pinned, ...rest } = row;
  const author: Author | null =
    authorId === null ? null : { id: authorId, name: authorName!, displayName: authorDisplayName! };
  return { ...rest, author, pinned: pinned === 1, tags: tagList === '' ? [] : tagList.split(' ') } as ReturnType<
    typeof fromRow<Row>
  >;
}

/** A published post. */
export function postBySlug(db: Db, slug: string): Post | undefined {
  const row = statement<PostRow>(db, `SELECT ${FULL} ${FROM} WHERE posts.slug = ? AND posts.status = 'published'`).get(
    slug,
  );
  return row && fromRow(row);
}

/** A post of any status: for editors. */
export function postById(db: Db, id: number): Post | undefined {
  const row = statement<PostRow>(db, `SELECT ${FULL} ${FROM} WHERE posts.id = ?`).get(id);
  return row && fromRow(row);
}

/** The pinned post that was published last. */
export function pinnedPost(db: Db): PostSummary | undefined {
  const row = statement<SummaryRow>(
    db,
    `SELECT ${SUMMARY} ${FROM} WHERE posts.status = 'published' AND posts.pinned = 1 ${NEWEST} LIMIT 1`,
  ).get();
  return row && fromRow(row);
}

/** Published posts, newest first. */
export function newestPosts(db: Db, limit: number): PostSummary[] {
  return statement<SummaryRow>(db, `SELECT ${SUMMARY} ${FROM} WHERE posts.status = 'published' ${NEWEST} LIMIT ?`)
    .all(limit)
    .map(fromRow);
}

/** Published posts with their text, newest first: for the feed. */
export function newestFullPosts(db: Db, limit: number): Post[] {
  return statement<PostRow>(db, `SELECT ${FULL} ${FROM} WHERE posts.status = 'published' ${NEWEST} LIMIT ?`)
    .all(limit)
    .map(fromRow);
}

export interface PageWanted {
  /** From 1. */
  page: number;
  perPage: number;
}

/** One page of all published posts, newest first. */
export function postPage(db: Db, { page, perPage }: PageWanted): Page<PostSummary> {
  const total = siteCounts(db).posts;
  const place = paging(total, page, perPage);
  // The inner query skips rows in the index alone.
  const rows = statement<SummaryRow>(
    db,
    `SELECT ${SUMMARY} ${FROM} WHERE posts.id IN (
       SELECT id FROM posts WHERE status = 'published' ORDER BY publish_at DESC, id DESC LIMIT ? OFFSET ?) ${NEWEST}`,
  ).all(place.limit, place.offset);
  return pageOf(rows.map(fromRow), total, place);
}

/** One page of the published posts that carry a tag; undefined: no post ever carried it. */
export function postPageByTag(db: Db, tagName: string, { page, perPage }: PageWanted): Page<PostSummary> | undefined {
  const tag = statement<{ id: number; postCount: number }>(
    db,
    'SELECT id, post_count AS postCount FROM tags WHERE name = ?',
  ).get(tagName);
  if (tag === undefined) return undefined;
  const place = paging(tag.postCount, page, perPage);
  const rows = statement<SummaryRow>(
    db,
    `SELECT ${SUMMARY} ${FROM} WHERE posts.id IN (
       SELECT post_id FROM post_tags WHERE tag_id = ? AND published_at IS NOT NULL
       ORDER BY published_at DESC, post_id DESC LIMIT ? OFFSET ?) ${NEWEST}`,
  ).all(tag.id, place.limit, place.offset);
  return pageOf(rows.map(fromRow), tag.postCount, place);
}

/** One page of a user's published posts. */
export function postPageByAuthor(db: Db, authorId: number, { page, perPage }: PageWanted): Page<PostSummary> {
  const { total } = statement<{ total: number }>(
    db,
    `SELECT count(*) AS total FROM posts WHERE author_id = ? AND status = 'published'`,
  ).get(authorId)!;
  const place = paging(total, page, perPage);
  const rows = statement<SummaryRow>(
    db,
    `SELECT ${SUMMARY} ${FROM} WHERE posts.id IN (
       SELECT id FROM posts WHERE author_id = ? AND status = 'published' ORDER BY publish_at DESC, id DESC LIMIT ? OFFSET ?) ${NEWEST}`,
  ).all(authorId, place.limit, place.offset);
  return pageOf(rows.map(fromRow), total, place);
}

/** One page of all posts of every status, last changed first: the editors' list. */
export function postPageForEditors(db: Db, { page, perPage }: PageWanted): Page<PostSummary> {
  const { total } = statement<{ total: number }>(db, 'SELECT count(*) AS total FROM posts').get()!;
  const place = paging(total, page, perPage);
  const rows = statement<SummaryRow>(
    db,
    `SELECT ${SUMMARY} ${FROM} WHERE posts.id IN (SELECT id FROM posts ORDER BY updated_at DESC, id DESC LIMIT ? OFFSET ?)
     ORDER BY posts.updated_at DESC, posts.id DESC`,
  ).all(place.limit, place.offset);
  return pageOf(rows.map(fromRow), total, place);
}

/** The newest MAX_SEARCH_RESULTS matches as a table of (id, rank): titles weigh most, then tags. */
const MATCHES = `SELECT rowid AS id, bm25(posts_fts, 8.0, 1.0, 4.0) AS rank FROM posts_fts WHERE posts_fts MATCH ?
  ORDER BY rowid DESC LIMIT ${MAX_SEARCH_RESULTS}`;

/** Published posts with all the words of `input`, best first. Any input is fine; without a word in it nothing is found. */
export function searchPosts(db: Db, input: string, { page, perPage }: PageWanted): Page<PostSummary> {
  const query = searchQuery(input);
  if (query === undefined) return pageOf([], 0, paging(0, page, perPage));
  const { total } = statement<{ total: number }>(
    db,
    `SELECT count(*) AS total FROM (SELECT rowid FROM posts_fts WHERE posts_fts MATCH ? LIMIT ${MAX_SEARCH_RESULTS})`,
  ).get(query)!;
  const place = paging(total, page, perPage);
  const rows = statement<SummaryRow>(
    db,
    `SELECT ${SUMMARY} FROM (SELECT id, rank FROM (${MATCHES}) ORDER BY rank, id DESC LIMIT ? OFFSET ?) AS found
     JOIN posts ON posts.id = found.id LEFT JOIN users ON users.id = posts.author_id ORDER BY found.rank, posts.id DESC`,
  ).all(query, place.limit, place.offset);
  return pageOf(rows.map(fromRow), total, place);
}

/** Links of published posts, newest first. Long for many posts: only in the thread pool. */
export function postLinks(db: Db, limit: number): { slug: string; updatedAt: number }[] {
  return statement<{ slug: string; updatedAt: number }>(
    db,
    `SELECT slug, updated_at AS updatedAt FROM posts WHERE status = 'published' ORDER BY publish_at DESC, id DESC LIMIT ?`,
  ).all(limit);
}

/** When the next scheduled post is due; undefined: none waits. */
export function nextPublishAt(db: Db): number | undefined {
  return statement<{ publishAt: number }>(
    db,
    `SELECT publish_at AS publishAt FROM posts WHERE status = 'scheduled' ORDER BY publish_at LIMIT 1`,
  ).get()?.publishAt;
}

/** Scheduled posts whose time has come. */
export function duePosts(db: Db, now: number, limit: number): PostSummary[] {
  return statement<SummaryRow>(
    db,
    `SELECT ${SUMMARY} ${FROM} WHERE posts.status = 'scheduled' AND posts.publish_at <= ? ORDER BY posts.publish_at LIMIT ?`,
  )
    .all(now, limit)
    .map(fromRow);
}

export function slugTaken(db: Db, slug: string, exceptPostId = 0): boolean {
  return statement(db, 'SELECT 1 FROM posts WHERE slug = ? AND id <> ?').get(slug, exceptPostId) !== undefined;
}

/** All that is written of a post. */
export interface PostFields {
  slug: string;
  title: string;
  excerpt: string;
  authorId: number | null;
  status: PostStatus;
  publishAt: number | null;
  pinned: boolean;
  campaignEndsAt: number | null;
  tags: readonly string[];
  markdown: string;
  html: string;
  /** The text without marks, for the search. */
  plain: string;
}

/** Inside a write. The slug must be free. */
export function insertPost(db: Db, post: PostFields, now: number): number {
  const { lastInsertRowid } = statement(
    db,
    `INSERT INTO posts (slug, title, excerpt, author_id, status, publish_at, pinned, campaign_ends_at, tag_list, created_at, updated_at,
       markdown, html, plain) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    post.slug,
    post.title,
    post.excerpt,
    post.authorId,
    post.status,
    post.publishAt,
    post.pinned ? 1 : 0,
    post.campaignEndsAt,
    post.tags.join(' '),
    now,
    now,
    post.markdown,
    post.html,
    post.plain,
  );
  const id = Number(lastInsertRowid);
  setTags(db, id, post.tags);
  return id;
}

/** Inside a write. The author stays who it is; the version grows. */
export function updatePost(db: Db, id: number, post: Omit<PostFields, 'authorId'>, now: number): void {
  statement(
    db,
    `UPDATE posts SET slug = ?, title = ?, excerpt = ?, status = ?, publish_at = ?, pinned = ?, campaign_ends_at = ?, tag_list = ?,
       updated_at = ?, markdown = ?, html = ?, plain = ?, version = version + 1 WHERE id = ?`,
  ).run(
    post.slug,
    post.title,
    post.excerpt,
    post.status,
    post.publishAt,
    post.pinned ? 1 : 0,
    post.campaignEndsAt,
    post.tags.join(' '),
    now,
    post.markdown,
    post.html,
    post.plain,
    id,
  );
  setTags(db, id, post.tags);
}

/** Inside a write. */
export function setPostStatus(db: Db, id: number, status: PostStatus, publishAt: number | null, now: number): void {
  statement(db, 'UPDATE posts SET status = ?, publish_at = ?, updated_at = ?, version = version + 1 WHERE id = ?').run(
    status,
    publishAt,
    now,
    id,
  );
}

/** Inside a write. */
export function setPinned(db: Db, id: number, pinned: boolean, campaignEndsAt: number | null, now: number): void {
  statement(
    db,
    'UPDATE posts SET pinned = ?, campaign_ends_at = ?, updated_at = ?, version = version + 1 WHERE id = ?',
  ).run(pinned ? 1 : 0, campaignEndsAt, now, id);
}

/** Inside a write. */
export function deletePost(db: Db, id: number): boolean {
  return statement(db, 'DELETE FROM posts WHERE id = ?').run(id).changes > 0;
}

function setTags(db: Db, postId: number, tags: readonly string[]): void {
  statement(db, 'DELETE FROM post_tags WHERE post_id = ?').run(postId);
  for (const name of tags) {
    statement(db, 'INSERT INTO tags (name) VALUES (?) ON CONFLICT (name) DO NOTHING').run(name);
    statement(
      db,
      `INSERT INTO post_tags (post_id, tag_id, published_at)
       SELECT posts.id, tags.id, iif(posts.status = 'published', posts.publish_at, NULL) FROM posts, tags WHERE posts.id = ? AND tags.name = ?`,
    ).run(postId, name);
  }
}
