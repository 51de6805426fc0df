import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import Database from 'better-sqlite3';
import {
  limitedReporter,
  openPageReader,
  type PageReader,
  type PageWriter,
  startPageWriter,
} from '../../../src/engine/cache/store.ts';
import { openForWriting } from '../../../src/engine/cache/store-schema.ts';
import { pageFor } from './fixtures/page-of.ts';

let folder: string;
let path: string;
let problems: string[];
let writers: PageWriter[];
let readers: PageReader[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-store-'));
  path = join(folder, 'pages.db');
  problems = [];
  writers = [];
  readers = [];
});
afterEach(async () => {
  for (const reader of readers) reader.close();
  await Promise.all(writers.map((writer) => writer.close()));
  rmSync(folder, { recursive: true });
});

const onProblem = (kind: string, line: string): void => {
  problems.push(`${kind}: ${line}`);
};
const write = (onRenewed = (): void => {}): PageWriter => {
  const writer = startPageWriter({ path, maxBytes: 100_000_000, onRenewed }, onProblem);
  writers.push(writer);
  return writer;
};
const readFrom = (onDamage?: () => void): PageReader => {
  const reader = openPageReader(path, onProblem, onDamage);
  readers.push(reader);
  return reader;
};
/** Waits until something holds, 10 s at most. */
const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (const end = performance.now() + 10_000; !holds(); await sleep(10)) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}; problems: ${problems.join('; ')}`);
  }
};

describe('the writer of the page store', () => {
  test('has written, when a flush is over, all that was put before', async () => {
    const writer = write();
    for (let at = 0; at < 300; at++) writer.put(pageFor(`/${at}`, { bodies: { identity: Buffer.alloc(10_000, 'x') } }));
    expect(writer.waiting).toBe(300);
    await writer.flush();
    expect([writer.waiting, writer.dropped]).toEqual([0, 0]);
    const reader = readFrom();
    expect(reader.read('/0')).toEqual(pageFor('/0', { bodies: { identity: Buffer.alloc(10_000, 'x') } }));
    expect(reader.read('/299')).toBeDefined();
    expect(problems).toEqual([]);
  });

  test('writes without being asked to', async () => {
    const writer = write();
    await writer.flush();
    writer.put(pageFor('/a'));
    const reader = readFrom();
    await until('the page is there', () => reader.read('/a') !== undefined);
  });

  test('a purge overtakes the pages that wait, and counts for those that come later from before it', async () => {
    const writer = write();
    writer.put(pageFor('/a', { tags: ['t'], renderStartedAt: Date.now() - 10 }));
    writer.purge(['t'], true, Date.now());
    writer.put(pageFor('/b', { tags: ['t'], renderStartedAt: Date.now() - 10 }));
    writer.put(pageFor('/c', { tags: ['t'], renderStartedAt: Date.now() + 10 }));
    await writer.flush();
    const reader = readFrom();
    expect(['/a', '/b', '/c'].map((key) => reader.read(key)?.key)).toEqual([undefined, undefined, '/c']);
  });

  test('writes what waits before it closes', async () => {
    const writer = write();
    writer.put(pageFor('/a'));
    await writer.close();
    expect(readFrom().read('/a')).toBeDefined();
    writer.put(pageFor('/b'));
    expect(writer.waiting).toBe(0);
  });

  test('never holds up a flush while it cannot write, keeps what waits within bounds, and writes it later', async () => {
    rmSync(folder, { recursive: true });
    const writer = write();
    for (let at = 0; at < 5_000; at++) writer.put(pageFor(`/${at}`));
    await writer.flush();
    await until('the failure is told', () => problems.some((line) => line.includes('cannot be written')));
    expect(writer.dropped).toBeGreaterThan(0);
    expect(writer.waiting).toBeLessThanOrEqual(4_096);
    mkdirSync(folder);
    const reader = readFrom();
    await until('the newest page is written', () => reader.read('/4999') !== undefined);
  });
});

describe('several processes', () => {
  test('write one store: every page arrives, and the file is whole', async () => {
    const fixture = fileURLToPath(new URL('./fixtures/write-many.ts', import.meta.url));
    const run = (prefix: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, ['--no-warnings', fixture, path, prefix, '400'], {
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let text = '';
        for (const stream of [child.stdout, child.stderr])
          stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
        child.on('error', reject);
        child.on('close', () => resolve(text.trim()));
      });
    expect(await Promise.all([run('a'), run('b')])).toEqual(['done 0', 'done 0']);
    const reader = readFrom();
    for (const key of ['/a0', '/a399', '/b0', '/b399']) expect(reader.read(key)?.key).toBe(key);
    const db = openForWriting(path);
    expect(db.prepare('SELECT count(*) FROM pages').pluck().get()).toBe(800);
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    db.close();
  });
});

describe('the reader of the page store', () => {
  test('misses while there is no store, and finds the one that comes', async () => {
    const reader = readFrom();
    expect([reader.read('/a'), reader.newest(1_000)]).toEqual([undefined, []]);
    const writer = write();
    writer.put(pageFor('/a'));
    await writer.flush();
    await until('the page is read', () => reader.read('/a') !== undefined);
    expect(problems).toEqual([]);
  });

  test('notices, as the writer does, that the file was deleted under the running server', async () => {
    let renewals = 0;
    const writer = write(() => {
      renewals += 1;
    });
    const reader = readFrom();
    writer.put(pageFor('/a'));
    await writer.flush();
    await until('the page is read', () => reader.read('/a') !== undefined);
    const inode = statSync(path).ino;
    for (const rest of ['', '-wal', '-shm']) rmSync(path + rest, { force: true });
    await until('the file is made anew', () => existsSync(path) && statSync(path).ino !== inode && renewals === 2);
    await until('the old page is gone', () => reader.read('/a') === undefined);
    writer.put(pageFor('/b'));
    await writer.flush();
    expect(reader.read('/b')).toEqual(pageFor('/b'));
    expect(problems).toEqual([expect.stringMatching(/^gone: .*made anew$/)]);
  });

  test('a lock that lasts as long as an opening is a miss and no problem; one that lasts is told', async () => {
    const writer = write();
    writer.put(pageFor('/a'));
    await writer.close();
    const holder = new Database(path);
    holder.pragma('locking_mode = EXCLUSIVE');
    holder.exec('BEGIN EXCLUSIVE');
    const real = performance.now.bind(performance);
    let laterMs = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => real() + laterMs);
    const reader = readFrom();
    expect(reader.read('/a')).toBeUndefined();
    expect(problems).toEqual([]);
    laterMs = 1_100;
    expect(reader.read('/a')).toBeUndefined();
    expect(problems).toEqual([expect.stringMatching(/cannot be read: .*database is locked/)]);
    holder.close();
    laterMs = 2_200;
    expect(reader.read('/a')).toEqual(pageFor('/a'));
    clock.mockRestore();
  });

  test('garbage in the place of the file: misses, one line, a new store', async () => {
    writeFileSync(path, 'garbage '.repeat(2_000));
    let damages = 0;
    const reader = readFrom(() => {
      damages += 1;
    });
    expect(reader.read('/a')).toBeUndefined();
    expect(reader.read('/a')).toBeUndefined();
    expect(problems).toEqual([expect.stringMatching(/cannot be read: it is damaged: file is not a database/)]);
    expect(damages).toBe(1);
    const writer = write();
    writer.put(pageFor('/a'));
    await writer.flush();
    await until('the page is read', () => reader.read('/a') !== undefined);
    expect(existsSync(`${path}.corrupt`)).toBe(true);
  });
});

test('a problem is told once a minute and kind', () => {
  const lines: string[] = [];
  let now = 0;
  const report = limitedReporter(
    (line) => lines.push(line),
    () => now,
  );
  report('full', '1');
  report('full', '2');
  report('gone', '3');
  now = 59_999;
  report('full', '4');
  now = 60_000;
  report('full', '5');
  expect(lines).toEqual(['1', '3', '5']);
});
