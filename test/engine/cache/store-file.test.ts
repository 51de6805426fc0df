import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import type { Page } from '../../../src/engine/cache/page.ts';
import { openPageReader } from '../../../src/engine/cache/store.ts';
import { createStoreFile, type StoreFile, type StoreFileOptions } from '../../../src/engine/cache/store-file.ts';
import { openForWriting } from '../../../src/engine/cache/store-schema.ts';
import { pageFor } from './fixtures/page-of.ts';

let folder: string;
let path: string;
let problems: string[];
let renewed: number;
let clock: number;
let opened: StoreFile[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-store-'));
  path = join(folder, 'pages.db');
  problems = [];
  renewed = 0;
  clock = 10_000_000;
  opened = [];
});
afterEach(() => {
  for (const file of opened) file.close();
  rmSync(folder, { recursive: true });
});

const store = (over: Partial<StoreFileOptions> = {}): StoreFile => {
  const file = createStoreFile({
    path,
    maxBytes: 100_000_000,
    onProblem: (kind, line) => problems.push(`${kind}: ${line}`),
    onRenewed: () => {
      renewed += 1;
    },
    now: () => clock,
    ...over,
  });
  opened.push(file);
  return file;
};
const put = (file: StoreFile, ...pages: Page[]) => file.write({ pages, purges: [] });
const purge = (file: StoreFile, tag: string, hard: boolean, at: number) =>
  file.write({ pages: [], purges: [{ tag, hard, at }] });
/** A reader of its own each time, so that no test waits for one to look again. */
const read = (key: string): Page | undefined => {
  const reader = openPageReader(path, (kind, line) => problems.push(`${kind}: ${line}`));
  try {
    return reader.read(key);
  } finally {
    reader.close();
  }
};
const large = (key: string, over: Partial<Page> = {}): Page =>
  pageFor(key, { bodies: { identity: Buffer.alloc(20_000, key) }, ...over });
const setAside = (): string[] => readdirSync(folder).filter((name) => name.includes('corrupt'));

describe('the page store', () => {
  test('gives a page back as it was, in all its codings', () => {
    const page = pageFor('\n\n/a?b=é', {
      bodies: { identity: Buffer.from('plain'), gzip: Buffer.from([1, 2]), br: Buffer.from([3]) },
      tags: ['a', 'b'],
      renderStartedAt: 1_000_000.25,
    });
    expect(put(store(), page, pageFor('/bare'))).toEqual({ written: true });
    expect(read(page.key)).toEqual(page);
    expect(read('/bare')).toEqual(pageFor('/bare'));
    expect(read('/none')).toBeUndefined();
    expect(problems).toEqual([]);
  });

  test('replaces an older copy, never a newer one, and forgets the tags it no longer has', () => {
    const file = store();
    put(
      file,
      pageFor('/a', {
        renderStartedAt: 20,
        tags: ['old'],
        bodies: { identity: Buffer.from('x'), br: Buffer.from('y') },
      }),
    );
    put(file, pageFor('/a', { renderStartedAt: 30, tags: ['new'] }));
    put(file, pageFor('/a', { renderStartedAt: 25 }));
    purge(file, 'old', true, 99);
    expect(read('/a')).toEqual(pageFor('/a', { renderStartedAt: 30, tags: ['new'] }));
  });

  test('stays within its bound: the pages rendered longest ago go, and the file does not keep their room', () => {
    const file = store({ maxBytes: 1_000_000 });
    for (let at = 0; at < 200; at++) put(file, large(`/${at}`, { renderStartedAt: at }));
    expect(read('/199')).toBeDefined();
    expect(read('/0')).toBeUndefined();
    const db = new Database(path, { readonly: true });
    const { pages, bytes } = db.prepare('SELECT count(*) AS pages, sum(bytes) AS bytes FROM pages').get() as {
      pages: number;
      bytes: number;
    };
    expect(db.prepare('SELECT bytes FROM totals').pluck().get()).toBe(bytes);
    expect(db.prepare('SELECT count(*) FROM bodies').pluck().get()).toBe(pages);
    db.close();
    expect(bytes).toBeLessThanOrEqual(1_000_000);
    expect(pages).toBeGreaterThan(0);
    file.close();
    expect(statSync(path).size).toBeLessThan(3_000_000);
  });

  test('warms from the pages rendered last, without the dead', () => {
    const now = Date.now();
    const file = store();
    for (let at = 0; at < 10; at++) put(file, large(`/${at}`, { renderStartedAt: now - 1_000 + at }));
    put(file, large('/dead', { renderStartedAt: now - 1_000_000_000 }));
    const reader = openPageReader(path, (kind) => problems.push(kind));
    expect(reader.newest(62_000).map(({ key }) => key)).toEqual(['/9', '/8', '/7']);
    expect(reader.newest(100_000_000).length).toBe(10);
    reader.close();
  });
});

describe('a purge of the store', () => {
  test('soft: last good only; hard: gone, and in the end deleted', () => {
    const file = store();
    put(file, ...Array.from({ length: 200 }, (_, at) => pageFor(`/${at}`, { tags: [at % 2 === 0 ? 'even' : 'odd'] })));
    purge(file, 'even', false, 1_000_000);
    purge(file, 'odd', true, 1_000_000);
    expect([read('/0')?.purged, read('/1')]).toEqual([true, undefined]);
    const db = new Database(path, { readonly: true });
    expect(db.prepare('SELECT count(*) FROM pages').pluck().get()).toBe(100);
    db.close();
  });

  test('counts for a render that began before it, whichever process brings it afterwards', () => {
    clock = 200;
    const here = store();
    const there = store();
    purge(here, 'soft', false, 100);
    purge(here, 'hard', true, 100);
    put(
      there,
      pageFor('/a', { tags: ['soft'], renderStartedAt: 100 }),
      pageFor('/b', { tags: ['soft', 'hard'], renderStartedAt: 100 }),
    );
    expect([read('/a')?.purged, read('/b')]).toEqual([true, undefined]);
    put(
      there,
      pageFor('/a', { tags: ['soft'], renderStartedAt: 101 }),
      pageFor('/b', { tags: ['soft', 'hard'], renderStartedAt: 101 }),
    );
    expect([read('/a')?.purged, read('/b')?.purged]).toEqual([false, false]);
  });

  test('is forgotten when no render from before it can be on its way any more', () => {
    const file = store();
    purge(file, 'a', true, clock);
    clock += 1_000_000;
    purge(file, 'b', true, clock);
    const db = new Database(path, { readonly: true });
    expect(db.prepare('SELECT tag FROM purges').pluck().all()).toEqual(['b']);
    db.close();
  });
});

describe('a store file that cannot be used', () => {
  const heals = (why: RegExp): void => {
    const file = store();
    expect(put(file, pageFor('/a'))).toEqual({ written: true });
    expect(read('/a')).toBeDefined();
    expect(problems.filter((line) => line.startsWith('corrupt: '))).toEqual([expect.stringMatching(why)]);
    expect(setAside()).toEqual(['pages.db.corrupt']);
  };

  test('garbage: put aside, made anew', () => {
    writeFileSync(path, 'this is not a database at all '.repeat(1_000));
    heals(/not a database/);
  });

  test('of another version: put aside, made anew', () => {
    const db = new Database(path);
    db.exec('PRAGMA user_version = 99; CREATE TABLE pages (key TEXT)');
    db.close();
    heals(/version 99/);
  });

  test('without our tables: put aside, made anew', () => {
    store().tend();
    const db = new Database(path);
    db.exec('DROP TABLE bodies');
    db.close();
    heals(/bodies/);
  });

  test('a folder: put aside, made anew', () => {
    mkdirSync(join(path, 'inside'), { recursive: true });
    heals(/unable to open/);
  });

  test('emptied: put aside, made anew', () => {
    writeFileSync(path, '');
    heals(/version 0/);
  });

  test('at most one bad file is kept', () => {
    writeFileSync(path, 'garbage one '.repeat(1_000));
    put(store(), pageFor('/a'));
    for (const file of opened) file.close();
    writeFileSync(path, 'garbage two '.repeat(1_000));
    put(store(), pageFor('/b'));
    expect(setAside()).toEqual(['pages.db.corrupt']);
    expect(read('/b')).toBeDefined();
  });

  test('damaged in the middle while it is open: no visitor gets the bad bytes, and the writer mends it when a reader met damage', () => {
    const file = store();
    put(file, ...Array.from({ length: 100 }, (_, at) => large(`/${at}`)));
    file.close();
    const size = statSync(path).size;
    const bytes = Buffer.alloc(4_096 * Math.floor(size / 8_192), 0xa5);
    const db = new Database(path);
    db.close();
    writeFileSync(path, bytes, { flag: 'r+' });
    truncateSync(path, size);
    // The first page is whole again: the file looks like a store.
    const whole = join(folder, 'whole.db');
    createStoreFile({ path: whole, maxBytes: 1, onProblem: () => {}, onRenewed: () => {} }).tend();
    const header = Buffer.from(new Database(whole, { readonly: true }).serialize().subarray(0, 4_096));
    writeFileSync(path, header, { flag: 'r+' });
    let misses = 0;
    for (let at = 0; at < 100; at++) {
      const seen = read(`/${at}`);
      if (seen === undefined) misses += 1;
      else expect(seen).toEqual(large(`/${at}`));
    }
    expect(misses).toBeGreaterThan(0);
    file.suspect();
    expect(put(file, pageFor('/after'))).toEqual({ written: true });
    expect(read('/after')).toBeDefined();
    expect(setAside()).toEqual(['pages.db.corrupt']);
  });

  test('a row that is not what was written is a miss and one line; the other rows stay', () => {
    const file = store();
    put(file, pageFor('/a'), pageFor('/b'));
    const db = new Database(path);
    db.prepare(
      "UPDATE bodies SET identity = CAST('<h1>bad</h1>' AS BLOB) WHERE id = (SELECT id FROM pages WHERE key = '/a')",
    ).run();
    db.close();
    const reader = openPageReader(path, (kind, line) => problems.push(`${kind}: ${line}`));
    expect([reader.read('/a'), reader.read('/b')]).toEqual([undefined, pageFor('/b')]);
    expect(problems).toEqual([expect.stringMatching(/"\/a" is not what was written/)]);
    reader.close();
    put(file, pageFor('/a'));
    expect(read('/a')).toBeDefined();
  });

  test.each(['-wal', '-shm'])('a damaged or cut %s costs the last pages at most', (rest) => {
    const first = store();
    put(first, pageFor('/a'));
    first.close();
    writeFileSync(path + rest, 'garbage '.repeat(10_000));
    const file = store();
    expect(put(file, pageFor('/b'))).toEqual({ written: true });
    expect([read('/a'), read('/b')]).toEqual([pageFor('/a'), pageFor('/b')]);
  });

  test('a log cut short by a crash costs the pages behind the cut, and no others', () => {
    const file = store();
    for (let at = 0; at < 20; at++) put(file, large(`/${at}`));
    const crashed = join(folder, 'crashed.db');
    for (const rest of ['', '-wal']) copyFileSync(path + rest, crashed + rest);
    truncateSync(`${crashed}-wal`, Math.floor(statSync(`${crashed}-wal`).size / 2) + 17);
    const after = store({ path: crashed });
    expect(put(after, large('/after'))).toEqual({ written: true });
    const reader = openPageReader(crashed, (kind) => problems.push(kind));
    const kept = Array.from({ length: 20 }, (_, at) => reader.read(`/${at}`));
    expect(kept[0]).toEqual(large('/0'));
    expect(kept[19]).toBeUndefined();
    expect(reader.read('/after')).toEqual(large('/after'));
    reader.close();
    expect(problems).toEqual([]);
  });

  test('no folder for it: told once per failure, tried again later, nothing thrown', () => {
    const file = store({ path: join(folder, 'none', 'pages.db') });
    expect(put(file, pageFor('/a'))).toMatchObject({ written: false, retryMs: 250 });
    expect(problems).toEqual([expect.stringMatching(/cannot be written/)]);
    mkdirSync(join(folder, 'none'));
    clock += 250;
    expect(put(file, pageFor('/a'))).toEqual({ written: true });
  });
});

describe('a store file that is deleted under the server', () => {
  test.each([
    ['the file', ['']],
    ['the file and its log', ['', '-wal', '-shm']],
  ])('%s: made anew at the next look, by one process for all', (_, rests) => {
    const here = store();
    const there = store();
    put(here, pageFor('/a'));
    put(there, pageFor('/b'));
    for (const rest of rests) rmSync(path + rest);
    here.tend();
    expect(existsSync(path)).toBe(true);
    expect([put(there, pageFor('/c')), put(here, pageFor('/d'))]).toEqual([{ written: true }, { written: true }]);
    expect(['/a', '/b', '/c', '/d'].map((key) => read(key)?.key)).toEqual([undefined, undefined, '/c', '/d']);
    expect(renewed).toBe(2);
    there.close();
    here.close();
    const db = openForWriting(path);
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.prepare('SELECT count(*) FROM pages').pluck().get()).toBe(2);
    db.close();
    expect(setAside()).toEqual([]);
  });
});

describe('a full disk', () => {
  test('stops the writing, is told, is tried again with longer and longer pauses, and is over when there is room', () => {
    let full = true;
    let connection: Database.Database | undefined;
    const file = store({
      open(at) {
        connection = openForWriting(at);
        if (full) connection.pragma('max_page_count = 40');
        return connection;
      },
    });
    const outcomes = [];
    for (let at = 0; at < 20; at++) outcomes.push(put(file, large(`/${at}`)).written);
    expect(outcomes[0]).toBe(true);
    expect(outcomes.at(-1)).toBe(false);
    expect(problems).toEqual([expect.stringMatching(/^SQLITE_FULL: .*full; tried again in 250 ms$/)]);
    expect(put(file, large('/x'))).toEqual({ written: false, retryMs: 250, canRetry: true });
    const pauses = [];
    for (let at = 0; at < 9; at++) {
      clock += 30_000;
      const outcome = put(file, large('/x'));
      pauses.push(outcome.written ? 0 : outcome.retryMs);
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(read('/0')).toEqual(large('/0'));
    full = false;
    connection!.pragma('max_page_count = 1000000');
    clock += 30_000;
    expect(put(file, large('/x'))).toEqual({ written: true });
    expect(read('/x')).toBeDefined();
    expect(problems.at(-1)).toMatch(/can be written again/);
  });

  test('an error of the disk is the same, on a new connection', () => {
    let broken = true;
    let opens = 0;
    const file = store({
      open(at) {
        opens += 1;
        if (broken) throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_WRITE' });
        return openForWriting(at);
      },
    });
    expect(put(file, pageFor('/a'))).toEqual({ written: false, retryMs: 250, canRetry: true });
    broken = false;
    expect(put(file, pageFor('/a')).written).toBe(false);
    clock += 250;
    expect(put(file, pageFor('/a'))).toEqual({ written: true });
    expect(opens).toBe(2);
    expect(setAside()).toEqual([]);
  });

  test('a page that can never be written does not hold up the others', () => {
    const file = store();
    expect(put(file, pageFor('/a', { renderStartedAt: Symbol('no number') as never }))).toMatchObject({
      written: false,
      canRetry: false,
    });
    clock += 250;
    expect(put(file, pageFor('/b'))).toEqual({ written: true });
  });

  test('a clock that is set back does not make the pause longer', () => {
    const file = store({ path: join(folder, 'none', 'pages.db') });
    put(file, pageFor('/a'));
    mkdirSync(join(folder, 'none'));
    clock -= 5_000_000;
    expect(put(file, pageFor('/a'))).toEqual({ written: true });
  });
});
