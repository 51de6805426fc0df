import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { postById, postBySlug, deletePost as removePost } from '../../../src/site/data/posts.ts';
import { sessionsOf, sessionUser } from '../../../src/site/data/sessions.ts';
import { credentialsById, setRole, userByName } from '../../../src/site/data/users.ts';
import * as tasks from '../../../src/site/tasks/index.ts';
import { hash } from '../../../src/site/tasks/password.ts';
import { addPost, addUser, type TempData, tempData } from '../data/temp-data.ts';
import { oldHash } from '../old-hash.ts';

let data: TempData;

beforeEach(() => {
  data = tempData();
});
afterEach(() => {
  data.remove();
});

const control = { signal: new AbortController().signal };
/** A task on the test's data. */
const run = <Input extends { dataDir: string }, Output>(
  task: (input: Input, control: { signal: AbortSignal }) => Promise<Output>,
  input: Omit<Input, 'dataDir'>,
): Promise<Output> => task({ ...input, dataDir: data.dataDir } as Input, control);

/** Narrows to the good answer. */
function good<Output extends { ok: boolean }>(output: Output): Extract<Output, { ok: true }> {
  expect(output).toMatchObject({ ok: true });
  return output as Extract<Output, { ok: true }>;
}

const PASSWORD = 'correct horse';
/** Cheap: its parameters are in it, and the sign-in tests of real cost are few. */
const withPassword = (name: string): number =>
  addUser(data.db, name, { passwordHash: hash(PASSWORD, { memoryKib: 64, passes: 1, parallelism: 1 }) });

describe('registration', () => {
  test('makes an account with a session, for a free name alone', async () => {
    const { sessionId, user } = good(
      await run(tasks.register, { name: 'Anna', password: PASSWORD, userAgent: 'Browser' }),
    );
    expect(user).toMatchObject({ name: 'Anna', displayName: 'Anna', role: 'member' });
    expect(sessionUser(data.db, sessionId, Date.now())?.session.userAgent).toBe('Browser');
    expect(await run(tasks.register, { name: 'ANNA', password: PASSWORD })).toEqual({
      ok: false,
      reason: 'name-taken',
    });
    expect(good(await run(tasks.signIn, { name: 'anna', password: PASSWORD })).user.id).toBe(user.id);
  });

  test.each([
    { name: 'ab', password: PASSWORD },
    { name: 'a b c', password: PASSWORD },
    { name: '../../etc', password: PASSWORD },
    { name: '-anna', password: PASSWORD },
    { name: 'x'.repeat(31), password: PASSWORD },
    { name: 'anna', password: 'short' },
    { name: 'anna', password: 'x'.repeat(201) },
    { name: 'anna', password: PASSWORD, displayName: 'evil\u202egnp' },
    { name: 'anna', password: PASSWORD, displayName: '\u200b\u200d' },
  ])('refuses $name / $password', async (input) => {
    expect(await run(tasks.register, input)).toMatchObject({
      ok: false,
      reason: 'invalid',
      problems: [{ message: expect.stringMatching(/\.$/) }],
    });
  });
});

describe('sign-in', () => {
  test('tells wrong passwords and unknown names the same', async () => {
    withPassword('anna');
    const wrong = { ok: false, reason: 'wrong-password' };
    expect(await run(tasks.signIn, { name: 'anna', password: 'wrong' })).toEqual(wrong);
    expect(await run(tasks.signIn, { name: 'nobody', password: PASSWORD })).toEqual(wrong);
    addUser(data.db, 'sample');
    expect(await run(tasks.signIn, { name: 'sample', password: '*' })).toEqual(wrong);
  });

  test('hashes an old password anew', async () => {
    withPassword('anna');
    const stored = (): unknown => data.db.prepare('SELECT password_hash FROM users').pluck().get();
    good(await run(tasks.signIn, { name: ' anna ', password: PASSWORD }));
    expect(stored()).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const now = stored();
    good(await run(tasks.signIn, { name: 'anna', password: PASSWORD }));
    expect(stored()).toBe(now);
  });

  test('with an old scrypt hash is put off to a task of another name, which hashes the password anew', async () => {
    const id = addUser(data.db, 'anna', { passwordHash: oldHash(PASSWORD, 10) });
    const stored = (): string => credentialsById(data.db, id)!.passwordHash;
    const before = stored();
    const given = { name: 'anna', password: PASSWORD };
    expect(await run(tasks.signIn, given)).toEqual({ ok: false, reason: 'slow' });
    expect(await run(tasks.signInSlowly, { ...given, password: 'wrong' })).toEqual({
      ok: false,
      reason: 'wrong-password',
    });
    expect(stored()).toBe(before);
    expect(sessionsOf(data.db, id, Date.now())).toEqual([]);
    good(await run(tasks.signInSlowly, given));
    expect(stored()).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    good(await run(tasks.signIn, given));
  });

  test('and out again', async () => {
    const id = withPassword('anna');
    const { sessionId } = good(await run(tasks.signIn, { name: 'anna', password: PASSWORD }));
    good(await run(tasks.signOut, { sessionId }));
    good(await run(tasks.signOut, { sessionId }));
    expect(sessionsOf(data.db, id, Date.now())).toEqual([]);
  });
});

describe('a changed password', () => {
  test('ends the other sessions, and the old one is wrong', async () => {
    const userId = withPassword('anna');
    const here = good(await run(tasks.signIn, { name: 'anna', password: PASSWORD })).sessionId;
    good(await run(tasks.signIn, { name: 'anna', password: PASSWORD }));
    const change = { userId, sessionId: here, current: PASSWORD, next: 'another one' };
    expect(await run(tasks.changePassword, { ...change, current: 'wrong' })).toEqual({
      ok: false,
      reason: 'wrong-password',
    });
    expect(await run(tasks.changePassword, { ...change, next: 'short' })).toMatchObject({ reason: 'invalid' });
    expect(await run(tasks.changePassword, change)).toEqual({ ok: true, ended: 1 });
    expect(sessionUser(data.db, here, Date.now())).toBeDefined();
    expect(await run(tasks.signIn, { name: 'anna', password: PASSWORD })).toEqual({
      ok: false,
      reason: 'wrong-password',
    });
    good(await run(tasks.signIn, { name: 'anna', password: 'another one' }));
  });
});

test('the password of an old scrypt hash is changed by a task of another name', async () => {
  const userId = addUser(data.db, 'anna', { passwordHash: oldHash(PASSWORD, 10) });
  const change = { userId, sessionId: 'here', current: PASSWORD, next: 'another one' };
  expect(await run(tasks.changePassword, change)).toEqual({ ok: false, reason: 'slow' });
  expect(await run(tasks.changePasswordSlowly, { ...change, current: 'wrong' })).toEqual({
    ok: false,
    reason: 'wrong-password',
  });
  expect(await run(tasks.changePasswordSlowly, change)).toEqual({ ok: true, ended: 0 });
  good(await run(tasks.signIn, { name: 'anna', password: 'another one' }));
});

describe("a member's sessions", () => {
  test('are ended one by one by their owner, or all others at once', async () => {
    const userId = withPassword('anna');
    const other = withPassword('ben');
    const sessionIds = [];
    for (let n = 0; n < 3; n += 1)
      sessionIds.push(good(await run(tasks.signIn, { name: 'anna', password: PASSWORD })).sessionId);
    const id = sessionUser(data.db, sessionIds[0]!, Date.now())!.session.id;
    expect(await run(tasks.endSession, { userId: other, id })).toEqual({ ok: false, reason: 'not-found' });
    expect(await run(tasks.endSession, { userId, id })).toEqual({ ok: true });
    expect(await run(tasks.endOtherSessions, { userId, sessionId: sessionIds[2]! })).toEqual({ ok: true, ended: 1 });
  });

  test('and profile are their own', async () => {
    const userId = addUser(data.db, 'anna');
    expect(await run(tasks.updateProfile, { userId, displayName: ' Anna A. ', bio: 'Hi', roleShown: 1 })).toEqual({
      ok: true,
      purge: [`user-${userId}`, 'members'],
    });
    expect(userByName(data.db, 'anna')).toMatchObject({ displayName: 'Anna A.', bio: 'Hi', roleShown: 1 });
  });
});

describe('posts', () => {
  const text = { title: 'Hello', markdown: '**Hi** <script>x</script>', tags: ['News', 'two words', 'news'] };
  let actorId: number;

  beforeEach(() => {
    actorId = addUser(data.db, 'ed', { role: 'editor' });
  });

  test('are written by editors alone, as they are now', async () => {
    const member = addUser(data.db, 'anna');
    const forbidden = { ok: false, reason: 'forbidden' };
    const id = addPost(data.db);
    const save = { ...text, actorId: member, publish: { mode: 'now' as const } };
    expect(await run(tasks.savePost, save)).toEqual(forbidden);
    expect(await run(tasks.savePost, { ...save, actorId: 999 })).toEqual(forbidden);
    for (const task of [tasks.publishPost, tasks.unpublishPost, tasks.deletePost])
      expect(await run(task, { actorId: member, postId: id })).toEqual(forbidden);
    setRole(data.db, member, 'admin');
    good(await run(tasks.savePost, save));
  });

  test('are rendered, sanitised and published in one step, and name the pages to purge', async () => {
    const saved = good(await run(tasks.savePost, { ...text, actorId, publish: { mode: 'now' } }));
    expect(saved).toMatchObject({ post: { slug: 'hello', status: 'published', version: 1 }, hard: false });
    expect(saved.purge.sort()).toEqual(
      ['home', `post-${saved.post.id}`, 'posts', 'tag-news', 'tag-two-words', `user-${actorId}`].sort(),
    );
    expect(postBySlug(data.db, 'hello')).toMatchObject({
      html: '<p><strong>Hi</strong> </p>',
      tags: ['news', 'two-words'],
    });
  });

  test('as drafts purge nothing; taken back and removed ones purge hard', async () => {
    const draft = good(await run(tasks.savePost, { ...text, actorId, publish: { mode: 'draft' } }));
    expect(draft).toMatchObject({ purge: [], hard: false });
    const postId = draft.post.id;
    expect(good(await run(tasks.publishPost, { actorId, postId }))).toMatchObject({
      hard: false,
      purge: expect.arrayContaining(['home', 'posts']),
    });
    expect(good(await run(tasks.unpublishPost, { actorId, postId }))).toMatchObject({
      hard: true,
      post: { status: 'draft' },
      purge: expect.arrayContaining([`post-${postId}`]),
    });
    await run(tasks.publishPost, { actorId, postId });
    expect(good(await run(tasks.deletePost, { actorId, postId }))).toMatchObject({
      hard: true,
      purge: expect.arrayContaining(['home']),
    });
    expect(await run(tasks.deletePost, { actorId, postId })).toEqual({ ok: false, reason: 'not-found' });
  });

  test('have a slug of their own', async () => {
    const save = (slug?: string) =>
      run(tasks.savePost, { ...text, actorId, ...(slug === undefined ? {} : { slug }), publish: { mode: 'draft' } });
    expect(good(await save()).post.slug).toBe('hello');
    expect(good(await save()).post.slug).toBe('hello-2');
    expect(await save('hello')).toEqual({ ok: false, reason: 'slug-taken' });
    expect(await save('Not A Slug')).toMatchObject({ reason: 'invalid', problems: [{ field: 'slug' }] });
  });

  test('that another editor saved meanwhile are not overwritten', async () => {
    const { post } = good(await run(tasks.savePost, { ...text, actorId, publish: { mode: 'now' } }));
    const again = { ...text, actorId, postId: post.id, version: post.version, publish: { mode: 'keep' as const } };
    const second = good(await run(tasks.savePost, { ...again, title: 'Second' }));
    expect(second.post).toMatchObject({ slug: 'hello', version: 2, publishAt: post.publishAt, status: 'published' });
    expect(await run(tasks.savePost, again)).toEqual({ ok: false, reason: 'too-old-version' });
    expect(postById(data.db, post.id)?.title).toBe('Second');
    removePost(data.db, post.id);
    expect(await run(tasks.savePost, again)).toEqual({ ok: false, reason: 'not-found' });
  });

  test('that move take their old address away hard', async () => {
    const { post } = good(await run(tasks.savePost, { ...text, actorId, publish: { mode: 'now' } }));
    expect(
      good(await run(tasks.savePost, { ...text, actorId, postId: post.id, slug: 'moved', publish: { mode: 'keep' } })),
    ).toMatchObject({ hard: true });
  });

  test('that are scheduled are published once they are due, by one of many', async () => {
    const at = Date.now() + 60_000;
    const { post } = good(await run(tasks.savePost, { ...text, actorId, publish: { mode: 'at', at } }));
    expect(post).toMatchObject({ status: 'scheduled', publishAt: at });
    expect(await run(tasks.publishDue, {})).toEqual({ ok: true, published: 0, purge: [] });
    const runs = await Promise.all([1, 2, 3].map(() => run(tasks.publishDue, { now: at })));
    expect(runs.map((result) => good(result).published).sort()).toEqual([0, 0, 1]);
    expect(runs.flatMap((result) => good(result).purge)).toContain(`post-${post.id}`);
    expect(postBySlug(data.db, 'hello')?.publishAt).toBe(at);
  });

  test('that are scheduled for the past are out at once, with that date', async () => {
    const id = addPost(data.db, { status: 'draft', publishAt: null });
    expect(good(await run(tasks.schedulePost, { actorId, postId: id, at: 86_400_000 })).post).toMatchObject({
      status: 'published',
      publishAt: 86_400_000,
    });
  });

  test('are pinned with a countdown, and unpinned', async () => {
    const id = addPost(data.db);
    good(await run(tasks.pinPost, { actorId, postId: id, pinned: true, campaignEndsAt: 5_000 }));
    expect(postById(data.db, id)).toMatchObject({ pinned: true, campaignEndsAt: 5_000 });
    good(await run(tasks.pinPost, { actorId, postId: id, pinned: false }));
    expect(postById(data.db, id)).toMatchObject({ pinned: false, campaignEndsAt: null });
  });

  test('that would take minutes to render are refused with the reason', async () => {
    const refused = await run(tasks.savePost, {
      ...text,
      markdown: '>'.repeat(5_000),
      actorId,
      publish: { mode: 'now' },
    });
    expect(refused).toMatchObject({ ok: false, reason: 'too-complex', message: expect.stringContaining('quotes') });
    expect(await tasks.renderMarkdown({ markdown: 'x'.repeat(300_000) }, control)).toMatchObject({
      ok: false,
      reason: 'invalid',
    });
    expect(await tasks.renderMarkdown({ markdown: '# a' }, control)).toMatchObject({ ok: true, html: '<h2>a</h2>' });
  });

  test('are in the sitemap when published', async () => {
    addPost(data.db, { slug: 'a', publishAt: 1 });
    addPost(data.db, { slug: 'b', publishAt: 2 });
    addPost(data.db, { slug: 'draft', status: 'draft', publishAt: null });
    expect(good(await run(tasks.sitemapPosts, {})).posts.map(({ slug }) => slug)).toEqual(['b', 'a']);
  });
});

describe('likes', () => {
  test('are for published posts, and count once', async () => {
    const userId = addUser(data.db, 'anna');
    const postId = addPost(data.db);
    const draft = addPost(data.db, { status: 'draft', publishAt: null });
    expect(await run(tasks.likePost, { userId, postId })).toEqual({ ok: true, likeCount: 1 });
    expect(await run(tasks.likePost, { userId, postId })).toEqual({ ok: true, likeCount: 1 });
    expect(await run(tasks.unlikePost, { userId, postId })).toEqual({ ok: true, likeCount: 0 });
    expect(await run(tasks.likePost, { userId, postId: draft })).toEqual({ ok: false, reason: 'not-found' });
    expect(await run(tasks.likePost, { userId: 99, postId })).toEqual({ ok: false, reason: 'not-found' });
  });
});

describe('activity', () => {
  test('is recorded in a batch, with the sessions that were seen', async () => {
    const userId = withPassword('anna');
    good(await run(tasks.signIn, { name: 'anna', password: PASSWORD }));
    const [session] = sessionsOf(data.db, userId, Date.now());
    const at = Date.now() + 5_000;
    good(
      await run(tasks.recordActivity, {
        events: [
          { userId, kind: 'read', at },
          { userId: 99, kind: 'read', at },
        ],
        sessions: [{ id: session!.id, at }],
      }),
    );
    expect(sessionsOf(data.db, userId, Date.now())[0]?.lastSeenAt).toBe(at);
    const { days } = good(await run(tasks.activityChart, { userId, now: at }));
    expect(days).toHaveLength(30);
    expect(days.at(-1)?.counts).toEqual({ 'sign-in': 1, read: 1, like: 0, write: 0 });
    const tooMany = Array.from({ length: 501 }, () => ({ userId, kind: 'read' as const, at }));
    expect(await run(tasks.recordActivity, { events: tooMany })).toMatchObject({ ok: false, reason: 'invalid' });
  });

  test('is exported as CSV in parts, in which no title is a formula', async () => {
    const userId = addUser(data.db, 'anna');
    const morning = Math.floor(Date.now() / 86_400_000) * 86_400_000;
    const day = new Date(morning).toISOString().slice(0, 10);
    const postId = addPost(data.db, { slug: 'evil', title: '=HYPERLINK("x"), and more' });
    await run(tasks.recordActivity, {
      events: [1, 2, 3, 4, 5].map((ms) => ({
        userId,
        kind: 'read' as const,
        at: morning + ms,
        postId: ms === 2 ? postId : null,
      })),
    });
    let csv = '';
    let chunks = 0;
    for (let after: number | null = 0; after !== null; chunks += 1) {
      const chunk: { csv: string; next: number | null } = good(
        await run(tasks.activityCsvChunk, { userId, after, limit: 2 }),
      );
      csv += chunk.csv;
      after = chunk.next;
    }
    expect(chunks).toBe(3);
    expect(csv.split('\r\n')).toEqual([
      'time,what,post,title',
      `${day}T00:00:00.001Z,read,,`,
      `${day}T00:00:00.002Z,read,evil,"'=HYPERLINK(""x""), and more"`,
      ...[3, 4, 5].map((ms) => `${day}T00:00:00.00${ms}Z,read,,`),
      '',
    ]);
  });
});

describe('announcements', () => {
  test('are made and taken back by editors', async () => {
    const actorId = addUser(data.db, 'ed', { role: 'editor' });
    const member = addUser(data.db, 'anna');
    const announcement = { title: 'Maintenance', text: 'On Sunday.' };
    expect(await run(tasks.saveAnnouncement, { ...announcement, actorId: member })).toEqual({
      ok: false,
      reason: 'forbidden',
    });
    const { id } = good(await run(tasks.saveAnnouncement, { ...announcement, actorId }));
    expect(await run(tasks.removeAnnouncement, { actorId: member, id })).toEqual({ ok: false, reason: 'forbidden' });
    expect(await run(tasks.removeAnnouncement, { actorId, id })).toEqual({ ok: true });
    expect(await run(tasks.removeAnnouncement, { actorId, id })).toEqual({ ok: false, reason: 'not-found' });
  });
});
