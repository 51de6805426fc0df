import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { importFolder } from '../../scripts/import.ts';
import { siteCounts } from '../../src/site/data/counts.ts';
import type { Db } from '../../src/site/data/open.ts';
import { openMigrated } from '../../src/site/data/open-migrated.ts';
import { deletePost, newestPosts, postBySlug, postPageForEditors } from '../../src/site/data/posts.ts';
import type { Post } from '../../src/site/data/types.ts';
import { addPost, addUser } from '../site/data/temp-data.ts';
import { type FakeTerminal, fakeTerminal } from './terminal.ts';

let terminal: FakeTerminal;
let folder: string;

beforeEach(() => {
  terminal = fakeTerminal();
  folder = join(terminal.folder, 'texts');
  mkdirSync(folder);
});
afterEach(() => terminal.remove());

function put(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** Runs the import; the summary, and what was skipped. */
async function run(...options: string[]): Promise<{ summary: string | undefined; skipped: string[] }> {
  terminal.said = [];
  terminal.complained = [];
  expect(await importFolder([folder, ...options], terminal)).toBe(0);
  return { summary: terminal.said.at(-1), skipped: terminal.complained };
}

function inData<T>(work: (db: Db) => T): T {
  const db = openMigrated(terminal.dataDir);
  try {
    return work(db);
  } finally {
    db.close();
  }
}
const post = (slug: string): Post | undefined => inData((db) => postBySlug(db, slug));

describe('npm run import', () => {
  test('makes posts of Markdown files, with what their front matter says', async () => {
    put(
      'a.md',
      '---\ntitle: "Hello: there"\ndate: 2026-03-09\ntags: [News, two words]\nslug: hi\n---\n# Not the title\n\n**text**\n',
    );
    put(
      'deep/er/b.MARKDOWN',
      '\ufeff---\r\ntitle: 2026\r\ntags: one, two\r\ndate: 2026-03-09T10:30:00+01:00\r\n---\r\ntext\r\n',
    );
    put('c.md', '# From *the* heading\n\ntext');
    put('d.txt', '# Not Markdown');
    expect(await run()).toEqual({ summary: '3 new, 0 updated, 0 unchanged, 0 skipped', skipped: [] });
    expect(post('hi')).toMatchObject({
      title: 'Hello: there',
      publishAt: Date.UTC(2026, 2, 9),
      tags: ['news', 'two-words'],
      author: null,
    });
    expect(post('hi')?.html).toBe('<h2>Not the title</h2>\n<p><strong>text</strong></p>');
    expect(post('2026')).toMatchObject({ tags: ['one', 'two'], publishAt: Date.UTC(2026, 2, 9, 9, 30) });
    expect(post('from-the-heading')).toMatchObject({ title: 'From the heading', html: '<p>text</p>' });
  });

  test('takes the time of a file that has no date, and schedules one from the future', async () => {
    utimesSync(put('old.md', '# Old'), 1_000_000, 1_000_000);
    put('future.md', '---\ntitle: Future\ndate: 2999-01-01\n---\n');
    await run();
    expect(post('old')?.publishAt).toBe(1_000_000_000);
    expect(post('future')).toBeUndefined();
    expect(
      inData((db) => postPageForEditors(db, { page: 1, perPage: 9 }))
        .items.map(({ status }) => status)
        .sort(),
    ).toEqual(['published', 'scheduled']);
  });

  test('again changes nothing; a changed file updates its post, at its address', async () => {
    put('a.md', '# Title\n\nold');
    put('b.md', '# Title\n\nother');
    await run();
    expect((await run()).summary).toBe('0 new, 0 updated, 2 unchanged, 0 skipped');
    put('a.md', '# New title\n\nnew');
    expect((await run()).summary).toBe('0 new, 1 updated, 1 unchanged, 0 skipped');
    expect(post('title')).toMatchObject({ title: 'New title', markdown: 'new', version: 2 });
    expect(post('title-2')).toMatchObject({ markdown: 'other' });
    expect(inData(siteCounts).posts).toBe(2);
  });

  test('does not bring back a post that was removed on the site, until its file changes', async () => {
    put('a.md', '# Title');
    await run();
    inData((db) => deletePost(db, postBySlug(db, 'title')!.id));
    expect((await run()).summary).toBe('0 new, 0 updated, 1 unchanged, 0 skipped');
    put('a.md', '# Title\n\nmore');
    expect((await run()).summary).toBe('1 new, 0 updated, 0 unchanged, 0 skipped');
  });

  test('names what it cannot read, and goes on', async () => {
    put('binary.md', Buffer.from([0x23, 0x20, 0x00, 0x01]));
    put('latin1.md', Buffer.from('# Caf\xe9', 'latin1'));
    put('large.md', `# Large\n\n${'x'.repeat(300_000)}`);
    put('long.md', `# Long\n\n${'x'.repeat(220_000)}`);
    put('empty.md', '');
    put('untitled.md', 'Only text.');
    put('bad-date.md', '---\ntitle: x\ndate: yesterday\n---\n');
    put('no-such-day.md', '---\ntitle: x\ndate: 2026-02-31\n---\n');
    put('bad-yaml.md', '---\ntitle: [x\n---\n');
    put(
      'bomb.md',
      `---\ntitle: x\na: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n---\n`,
    );
    put('bad-tags.md', '---\ntitle: x\ntags: [{a: b}]\n---\n');
    put('bad-slug.md', '---\ntitle: x\nslug: ../../etc\n---\n');
    put('taken.md', '---\ntitle: x\nslug: mine\n---\n');
    put('complex.md', `# x\n\n${'>'.repeat(1_000)}`);
    execFileSync('mkfifo', [join(folder, 'pipe.md')]);
    put('zzz.md', '# Good');
    inData((db) => addPost(db, { slug: 'mine' }));
    const { summary, skipped } = await run();
    expect(summary).toBe('1 new, 0 updated, 0 unchanged, 15 skipped');
    expect(skipped).toEqual([
      expect.stringMatching(/^skipped bad-date.md: bad date: "yesterday"/),
      expect.stringMatching(/^skipped bad-slug.md: bad slug/),
      expect.stringMatching(/^skipped bad-tags.md: bad tags/),
      expect.stringMatching(/^skipped bad-yaml.md: front matter: /),
      expect.stringMatching(/^skipped binary.md: binary/),
      expect.stringMatching(/^skipped bomb.md: front matter: .*alias/i),
      expect.stringMatching(/^skipped complex.md: .*quotes/),
      expect.stringMatching(/^skipped empty.md: no title/),
      expect.stringMatching(/^skipped large.md: too large: \d+ bytes/),
      expect.stringMatching(/^skipped latin1.md: binary, or not UTF-8/),
      expect.stringMatching(/^skipped long.md: too large: \d+ characters/),
      expect.stringMatching(/^skipped no-such-day.md: bad date/),
      expect.stringMatching(/^skipped pipe.md: not a file/),
      expect.stringMatching(/^skipped taken.md: the slug "mine" is taken/),
      expect.stringMatching(/^skipped untitled.md: no title/),
    ]);
  });

  test('never follows a link, out of the folder or round in circles', async () => {
    const outside = join(terminal.folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret.md'), '# Secret');
    put('a.md', '# Inside');
    symlinkSync(outside, join(folder, 'way-out'));
    symlinkSync(join(outside, 'secret.md'), join(folder, 'link.md'));
    symlinkSync(folder, join(folder, 'circle'));
    symlinkSync('nowhere', join(folder, 'broken.md'));
    expect(await run()).toEqual({
      summary: '1 new, 0 updated, 0 unchanged, 2 skipped',
      skipped: ['skipped broken.md: a link', 'skipped link.md: a link'],
    });
    expect(post('secret')).toBeUndefined();
  });

  test('keeps what the editors set: pin, countdown and author', async () => {
    put('a.md', '# Title');
    inData((db) => addUser(db, 'anna'));
    await run('--author', 'Anna');
    inData((db) => db.exec('UPDATE posts SET pinned = 1, campaign_ends_at = 5'));
    put('a.md', '# Title\n\nmore');
    await run();
    expect(post('title')).toMatchObject({ pinned: true, campaignEndsAt: 5, author: { name: 'anna' } });
  });

  test('leaves the licence and the change log of a project out unless told', async () => {
    for (const name of ['LICENSE.md', 'docs/licence.markdown', 'ChangeLog.md', 'licensed-work.md'])
      put(name, '# Title');
    const { summary, skipped } = await run();
    expect(summary).toBe('1 new, 0 updated, 0 unchanged, 3 skipped');
    expect(skipped[0]).toBe('skipped ChangeLog.md: no post by its name; --all takes it, too');
    expect((await run('--all')).summary).toBe('3 new, 0 updated, 1 unchanged, 0 skipped');
  });

  test('tells in a dry run what it would do, and changes nothing', async () => {
    put('a.md', '# Old');
    expect((await run('--dry-run')).summary).toBe(
      '1 new, 0 updated, 0 unchanged, 0 skipped (a dry run: nothing was changed)',
    );
    expect(existsSync(terminal.dataDir)).toBe(false);
    await run();
    put('a.md', '# Newer');
    put('b.md', '# Another');
    await run('--dry-run');
    expect(terminal.said.slice(0, 2)).toEqual(['updated: a.md', 'new: b.md']);
    expect(inData((db) => newestPosts(db, 5)).map(({ title }) => title)).toEqual(['Old']);
    expect(terminal.progressed).toContain('1 files, now b.md');
  });

  test('takes prose between rules for prose', async () => {
    put('a.md', '---\nJust a line\n---\n\n# Title');
    await run();
    expect(inData((db) => newestPosts(db, 1))[0]?.title).toBe('Just a line');
  });

  test.each([[[]], [['a', 'b']], [['--nope', 'a']]])('tells how it is used, with 2: %j', async (args) => {
    expect(await importFolder(args, terminal)).toBe(2);
    expect(terminal.complained.at(-1)).toMatch(/^Usage: npm run import/);
  });

  test('fails with 1 when there is no such folder or author', async () => {
    expect(await importFolder([join(folder, 'missing')], terminal)).toBe(1);
    expect(await importFolder([put('a.md', '# A')], terminal)).toBe(1);
    expect(await importFolder([folder, '--author', 'nobody'], terminal)).toBe(1);
    expect(terminal.complained).toEqual([
      expect.stringMatching(/missing: there is no such folder/),
      expect.stringMatching(/no such folder/),
      'there is no user "nobody"',
    ]);
  });
});
