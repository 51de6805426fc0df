import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { siteCounts } from '../../../src/site/data/counts.ts';
import { deleteLike, hasLiked, insertLike } from '../../../src/site/data/likes.ts';
import {
  deletePost,
  duePosts,
  MAX_SEARCH_RESULTS,
  newestPosts,
  nextPublishAt,
  pinnedPost,
  postById,
  postBySlug,
  postPage,
  postPageByAuthor,
  postPageByTag,
  postPageForEditors,
  searchPosts,
  setPostStatus,
  updatePost,
} from '../../../src/site/data/posts.ts';
import { freeSlug, SLUG, slugify } from '../../../src/site/data/slug.ts';
import { popularTags } from '../../../src/site/data/tags.ts';
import { deleteUser } from '../../../src/site/data/users.ts';
import { addPost, addUser, type TempData, tempData } from './temp-data.ts';

let data: TempData;

beforeEach(() => {
  data = tempData();
});
afterEach(() => data.remove());

const first = { page: 1, perPage: 10 };
const found = (query: string): string[] => searchPosts(data.db, query, first).items.map(({ slug }) => slug);

describe('lists of posts', () => {
  test('show published posts alone, newest first', () => {
    addPost(data.db, { slug: 'old', publishAt: 100 });
    addPost(data.db, { slug: 'new', publishAt: 300 });
    addPost(data.db, { slug: 'draft', status: 'draft', publishAt: null });
    addPost(data.db, { slug: 'later', status: 'scheduled', publishAt: 900 });
    expect(newestPosts(data.db, 10).map(({ slug }) => slug)).toEqual(['new', 'old']);
    expect(postPage(data.db, first)).toMatchObject({ total: 2, page: 1, pages: 1 });
    expect(postBySlug(data.db, 'draft')).toBeUndefined();
    expect(postPageForEditors(data.db, first).total).toBe(4);
  });

  test('have pages, and a page too far is the last one', () => {
    for (let n = 1; n <= 23; n += 1) addPost(data.db, { slug: `n-${n}`, publishAt: n });
    expect(postPage(data.db, { page: 2, perPage: 10 }).items.map(({ slug }) => slug)).toEqual(
      [13, 12, 11, 10, 9, 8, 7, 6, 5, 4].map((n) => `n-${n}`),
    );
    expect(postPage(data.db, { page: 99, perPage: 10 })).toMatchObject({ page: 3, pages: 3, total: 23 });
    expect(postPage(data.db, { page: Number.NaN, perPage: 10 })).toMatchObject({ page: 1 });
    expect(postPage(data.db, { page: -4, perPage: 1e9 }).items).toHaveLength(23);
  });

  test('by tag and by author count as posts come, go and change', () => {
    const anna = addUser(data.db, 'anna');
    const id = addPost(data.db, { slug: 'a', tags: ['trees', 'soup'], authorId: anna, publishAt: 50 });
    addPost(data.db, { slug: 'b', tags: ['trees'], publishAt: 60 });
    expect(postPageByTag(data.db, 'trees', first)?.items.map(({ slug }) => slug)).toEqual(['b', 'a']);
    expect(popularTags(data.db, 5)).toEqual([
      { name: 'trees', postCount: 2 },
      { name: 'soup', postCount: 1 },
    ]);
    expect(postPageByAuthor(data.db, anna, first).total).toBe(1);

    setPostStatus(data.db, id, 'draft', null, 99);
    expect(postPageByTag(data.db, 'trees', first)?.total).toBe(1);
    expect(postPageByTag(data.db, 'soup', first)?.items).toEqual([]);
    expect(postPageByAuthor(data.db, anna, first).total).toBe(0);

    setPostStatus(data.db, id, 'published', 70, 99);
    const { author: _, ...post } = postById(data.db, id)!;
    updatePost(data.db, id, { ...post, plain: '', tags: ['soup'] }, 100);
    expect(postPageByTag(data.db, 'trees', first)?.total).toBe(1);
    expect(postPageByTag(data.db, 'soup', first)?.total).toBe(1);

    deletePost(data.db, id);
    expect(postPageByTag(data.db, 'soup', first)?.total).toBe(0);
    expect(postPageByTag(data.db, 'never-used', first)).toBeUndefined();
    expect(siteCounts(data.db)).toEqual({ users: 1, posts: 1, likes: 0 });
  });

  test('know the newest pinned post, and what is due', () => {
    expect(pinnedPost(data.db)).toBeUndefined();
    expect(nextPublishAt(data.db)).toBeUndefined();
    addPost(data.db, { slug: 'pinned', pinned: true, campaignEndsAt: 777 });
    addPost(data.db, { slug: 'later', status: 'scheduled', publishAt: 500 });
    expect(pinnedPost(data.db)).toMatchObject({ slug: 'pinned', campaignEndsAt: 777 });
    expect(nextPublishAt(data.db)).toBe(500);
    expect(duePosts(data.db, 499, 10)).toEqual([]);
    expect(duePosts(data.db, 500, 10).map(({ slug }) => slug)).toEqual(['later']);
  });

  test('keep a post whose author was removed', () => {
    const anna = addUser(data.db, 'anna', { displayName: 'Anna A.' });
    const id = addPost(data.db, { authorId: anna });
    expect(postById(data.db, id)?.author).toEqual({ id: anna, name: 'anna', displayName: 'Anna A.' });
    deleteUser(data.db, anna);
    expect(postById(data.db, id)?.author).toBeNull();
  });
});

describe('the search', () => {
  test('finds words of title, text and tags, whatever their accents, and the beginning of the last one', () => {
    addPost(data.db, { slug: 'a', title: 'Repair Café', plain: 'Bring your lamps.', tags: ['tools'] });
    addPost(data.db, { slug: 'b', title: 'Choir', plain: 'Bring your voice to the cafe.' });
    expect(found('CAFE')).toEqual(['a', 'b']);
    expect(found('bring lam')).toEqual(['a']);
    expect(found('tools')).toEqual(['a']);
    expect(found('lam bring')).toEqual([]);
  });

  test('forgets what was changed, taken back or removed', () => {
    const id = addPost(data.db, { slug: 'a', plain: 'elephants' });
    const { author: _, ...post } = postById(data.db, id)!;
    updatePost(data.db, id, { ...post, plain: 'giraffes' }, 5);
    expect([found('elephants'), found('giraffes')]).toEqual([[], ['a']]);
    setPostStatus(data.db, id, 'draft', null, 6);
    expect(found('giraffes')).toEqual([]);
    setPostStatus(data.db, id, 'published', 7, 7);
    expect(found('giraffes')).toEqual(['a']);
    deletePost(data.db, id);
    expect(found('giraffes')).toEqual([]);
  });

  test.each([
    '',
    '   ',
    '"',
    '""""',
    "'; DROP TABLE posts; --",
    'a AND',
    'NEAR(a b',
    'title:',
    'title : x',
    '* * *',
    '^a',
    '-a',
    '{a b} : c',
    '(((((',
    'a OR OR b',
    '\u0000',
    'a\u0000b',
    '\ud800',
    '😀😀',
    '\u0301',
    'ﷺ',
    '%_%',
    'x'.repeat(100_000),
    'a b '.repeat(5_000),
    '+'.repeat(1_000),
  ])('takes any rubbish: %j', (rubbish) => {
    addPost(data.db);
    expect(() => searchPosts(data.db, rubbish, first)).not.toThrow();
  });

  test('is bounded: a word that all posts have finds the newest of them', () => {
    data.db.transaction(() => {
      for (let n = 0; n < MAX_SEARCH_RESULTS + 20; n += 1) addPost(data.db, { plain: 'common' });
    })();
    expect(searchPosts(data.db, 'common', first).total).toBe(MAX_SEARCH_RESULTS);
  });
});

describe('likes', () => {
  test('count once per member, and end with the member', () => {
    const [anna, ben] = [addUser(data.db, 'anna'), addUser(data.db, 'ben')];
    const id = addPost(data.db);
    expect([
      insertLike(data.db, anna, id, 1),
      insertLike(data.db, anna, id, 2),
      insertLike(data.db, ben, id, 3),
    ]).toEqual([true, false, true]);
    expect(postById(data.db, id)?.likeCount).toBe(2);
    expect(hasLiked(data.db, anna, id)).toBe(true);
    expect([deleteLike(data.db, anna, id), deleteLike(data.db, anna, id)]).toEqual([true, false]);
    expect(siteCounts(data.db).likes).toBe(1);
    deleteUser(data.db, ben);
    expect(postById(data.db, id)?.likeCount).toBe(0);
    expect(siteCounts(data.db).likes).toBe(0);
  });
});

describe('slugs', () => {
  test.each([
    ['Über uns!', 'uber-uns'],
    ['  -- C++ & Rust --', 'c-rust'],
    ['日本語', ''],
    ['a'.repeat(200), 'a'.repeat(80)],
  ])('%j becomes %j', (title, slug) => expect(slugify(title)).toBe(slug));

  test('that are taken get a number, and never end', () => {
    const slugs = new Set<string>();
    for (let n = 0; n < 40; n += 1) {
      const slug = freeSlug(data.db, 'Same title');
      expect(slug).toMatch(SLUG);
      slugs.add(slug);
      addPost(data.db, { slug });
    }
    expect(slugs.size).toBe(40);
    expect([...slugs].slice(0, 3)).toEqual(['same-title', 'same-title-2', 'same-title-3']);
  });

  test('of a title without letters are a word', () => expect(freeSlug(data.db, '日本語')).toBe('post'));
});
