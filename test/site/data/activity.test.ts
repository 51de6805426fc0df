import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { activityAfter, activityByDay, insertActivity, sweepActivity } from '../../../src/site/data/activity.ts';
import { currentAnnouncements, deleteAnnouncement, insertAnnouncement } from '../../../src/site/data/announcements.ts';
import { deletePost } from '../../../src/site/data/posts.ts';
import { addPost, addUser, type TempData, tempData } from './temp-data.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 2, 9, 12);

let data: TempData;
let anna: number;

beforeEach(() => {
  data = tempData();
  anna = addUser(data.db, 'anna');
});
afterEach(() => data.remove());

const rows = (table: string): unknown => data.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();

describe('activity', () => {
  test('is counted per day, with days of rest in between', () => {
    for (const daysAgo of [0, 0, 2, 3])
      insertActivity(data.db, { userId: anna, kind: 'read', at: NOW - daysAgo * DAY_MS });
    insertActivity(data.db, { userId: anna, kind: 'like', at: NOW });
    const chart = activityByDay(data.db, anna, 3, NOW);
    expect(chart.map(({ day, counts }) => [day, counts.read, counts.like])).toEqual([
      ['2026-03-07', 1, 0],
      ['2026-03-08', 0, 0],
      ['2026-03-09', 2, 1],
    ]);
  });

  test('of one day is counted on, but kept one by one up to a bound', () => {
    data.db.transaction(() => {
      for (let n = 0; n < 1_100; n += 1) insertActivity(data.db, { userId: anna, kind: 'read', at: NOW });
    })();
    expect(activityByDay(data.db, anna, 1, NOW)[0]?.counts.read).toBe(1_100);
    expect(rows('activity')).toBe(1_000);
  });

  test('of users and posts that are gone is left out', () => {
    const post = addPost(data.db);
    insertActivity(data.db, { userId: anna, kind: 'read', at: NOW, postId: post });
    deletePost(data.db, post);
    insertActivity(data.db, { userId: anna, kind: 'read', at: NOW, postId: post });
    insertActivity(data.db, { userId: 999, kind: 'read', at: NOW });
    expect(activityAfter(data.db, anna, 0, 10).map(({ slug }) => slug)).toEqual([null, null]);
    expect(rows('activity')).toBe(2);
  });

  test('that is too old is cleared away', () => {
    insertActivity(data.db, { userId: anna, kind: 'read', at: NOW - 500 * DAY_MS });
    insertActivity(data.db, { userId: anna, kind: 'read', at: NOW - 100 * DAY_MS });
    sweepActivity(data.db, NOW);
    expect([rows('activity'), rows('activity_days')]).toEqual([1, 1]);
  });
});

describe('announcements', () => {
  test('are shown newest first until they expire', () => {
    const id = insertAnnouncement(data.db, { title: 'a', text: 'A', createdAt: 1, expiresAt: null });
    insertAnnouncement(data.db, { title: 'b', text: 'B', createdAt: 2, expiresAt: 50 });
    const titles = (now: number): string[] => currentAnnouncements(data.db, now, 10).map(({ title }) => title);
    expect([titles(49), titles(50)]).toEqual([['b', 'a'], ['a']]);
    expect([deleteAnnouncement(data.db, id), deleteAnnouncement(data.db, id)]).toEqual([true, false]);
  });
});
