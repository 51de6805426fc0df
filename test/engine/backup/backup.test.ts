import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { checkDatabase, copyDatabase } from '../../../src/engine/backup/copy.ts';
import { backupName, backupTime, isBackupDue, KEPT, tooMany } from '../../../src/engine/backup/schedule.ts';
import { swapDatabase } from '../../../src/engine/backup/swap.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-backup-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const rowsOf = (path: string): number => {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare('SELECT count(*) FROM t').pluck().get() as number;
  } finally {
    db.close();
  }
};
/** A database with so many rows of 1 KiB, open. */
function make(name: string, rows: number) {
  const db = new Database(at(name));
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE t (n INTEGER, twice INTEGER, filler BLOB)');
  const insert = db.prepare('INSERT INTO t VALUES (?, ?, randomblob(1000))');
  db.transaction(() => {
    for (let n = 0; n < rows; n++) insert.run(n, 2 * n);
  })();
  return { db, insert };
}
/** Writes rubbish into the middle of a file. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 8_192, bytes.length - 4_096);
  writeFileSync(path, bytes);
}

describe('a copy', () => {
  test('is of one moment, while another connection writes all the time, and ends', async () => {
    const { db, insert } = make('site.db', 20_000);
    const totals = new Set<number>();
    let written = 0;
    await copyDatabase(at('site.db'), at('copy.db'), {
      onProgress(done, total) {
        expect(done).toBeLessThanOrEqual(total);
        totals.add(total);
        insert.run(-1, -2);
        written += 1;
      },
    });
    expect(written).toBeGreaterThan(3);
    expect(totals.size).toBe(1);
    expect(rowsOf(at('copy.db'))).toBe(20_000);
    expect(rowsOf(at('site.db'))).toBe(20_000 + written);
    db.close();
  });

  test('is one file for the owner alone, and whole', async () => {
    const { db } = make('site.db', 10);
    await copyDatabase(at('site.db'), at('copy.db'));
    db.close();
    expect(readdirSync(folder)).toEqual(['copy.db', 'site.db']);
    expect(statSync(at('copy.db')).mode & 0o777).toBe(0o600);
    expect(checkDatabase(at('copy.db'))).toBeUndefined();
  });

  test('never takes the name of another file, unless it is told to', async () => {
    const { db } = make('site.db', 10);
    writeFileSync(at('copy.db'), 'precious');
    await expect(copyDatabase(at('site.db'), at('copy.db'))).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readFileSync(at('copy.db'), 'utf8')).toBe('precious');
    await copyDatabase(at('site.db'), at('copy.db'), { overwrite: true });
    expect(rowsOf(at('copy.db'))).toBe(10);
    expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual([]);
    db.close();
  });

  test('of a damaged database is refused, and nothing stays behind', async () => {
    make('site.db', 100).db.close();
    damage(at('site.db'));
    await expect(copyDatabase(at('site.db'), at('copy.db'))).rejects.toThrow(/damaged|malformed/);
    expect(existsSync(at('copy.db'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual([]);
  });
});

describe('a swap', () => {
  test('puts the copy in the place, keeps the one before whole, and leaves no WAL of it', async () => {
    make('copy.db', 7).db.close();
    const { db } = make('site.db', 3);
    db.prepare('INSERT INTO t VALUES (9, 9, NULL)').run();
    db.close();
    // As after a kill: a WAL that is not in the file yet.
    const open = new Database(at('site.db'));
    open.prepare('INSERT INTO t VALUES (10, 10, NULL)').run();
    const wal = readFileSync(at('site.db-wal'));
    expect(wal.length).toBeGreaterThan(0);
    open.close();
    writeFileSync(at('site.db-wal'), wal);
    await swapDatabase(at('copy.db'), at('site.db'));
    expect(existsSync(at('site.db-wal'))).toBe(false);
    expect([rowsOf(at('site.db')), rowsOf(at('site.db.before-restore'))]).toEqual([7, 5]);
    expect(statSync(at('site.db')).mode & 0o777).toBe(0o600);
  });

  test('takes the place of a damaged one, or of none', async () => {
    make('copy.db', 7).db.close();
    make('site.db', 100).db.close();
    damage(at('site.db'));
    writeFileSync(at('site.db-wal'), 'rubbish');
    await swapDatabase(at('copy.db'), at('site.db'));
    expect([existsSync(at('site.db-wal')), rowsOf(at('site.db'))]).toEqual([false, 7]);
    for (const rest of ['', '-wal', '-shm']) rmSync(at(`site.db${rest}`), { force: true });
    await swapDatabase(at('copy.db'), at('site.db'));
    expect(rowsOf(at('site.db'))).toBe(7);
  });

  test('that cannot be made changes nothing', async () => {
    make('site.db', 3).db.close();
    await expect(swapDatabase(at('no-such.db'), at('site.db'))).rejects.toMatchObject({ code: 'SQLITE_CANTOPEN' });
    expect(readdirSync(folder)).toEqual(['site.db']);
    expect(rowsOf(at('site.db'))).toBe(3);
  });
});

describe('the daily copy', () => {
  const DAY = 86_400_000;
  const now = Date.UTC(2026, 10, 28, 12);
  const look = { now, startedAt: now - DAY, newest: now - DAY, failedAt: undefined, mode: 'calm' } as const;

  test('is due a day after the one before, in a calm moment, and at last in any', () => {
    expect(isBackupDue(look)).toBe(true);
    expect(isBackupDue({ ...look, newest: now - DAY + 1 })).toBe(false);
    expect(isBackupDue({ ...look, mode: 'saturated' })).toBe(false);
    expect(isBackupDue({ ...look, mode: 'saturated', newest: now - 1.6 * DAY })).toBe(true);
    expect(isBackupDue({ ...look, newest: undefined })).toBe(true);
    expect(isBackupDue({ ...look, newest: undefined, mode: 'busy', startedAt: now - 120_000 })).toBe(false);
    expect(isBackupDue({ ...look, startedAt: now - 10_000 })).toBe(false);
    expect(isBackupDue({ ...look, failedAt: now - 60_000 })).toBe(false);
    expect(isBackupDue({ ...look, failedAt: now - 3_600_001 })).toBe(true);
    expect(isBackupDue({ ...look, newest: now + 400 * DAY })).toBe(true);
  });

  test('seven are kept, by their names; other files are left alone', () => {
    const names = Array.from({ length: 10 }, (_, day) => backupName(now + day * DAY));
    expect(names[0]).toBe('site-2026-11-28T12-00-00Z.db');
    expect(names.map(backupTime)).toEqual(names.map((_, day) => now + day * DAY));
    expect(tooMany([...names, 'mine.db', 'site-2020.db'].reverse())).toEqual(names.slice(0, 10 - KEPT));
    expect(tooMany(names.slice(0, 7))).toEqual([]);
  });
});
