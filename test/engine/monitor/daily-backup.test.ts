import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { checkDatabase } from '../../../src/engine/backup/copy.ts';
import { createDailyBackup } from '../../../src/engine/monitor/daily-backup.ts';

const DAY_MS = 86_400_000;
let dataDir: string;
let now: number;
let notes: [string, boolean][];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tahan-daily-'));
  now = Date.UTC(2026, 10, 28);
  notes = [];
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const backups = (): string[] => readdirSync(join(dataDir, 'backups'));
const create = (copy?: (source: string, target: string) => Promise<void>) =>
  createDailyBackup({
    dataDir,
    log: pino({ level: 'silent' }),
    note: (text, failed) => notes.push([text, failed]),
    now: () => now,
    ...(copy === undefined ? {} : { copy }),
  });

test('a real copy is made in a thread of its own, one a day', async () => {
  const db = new Database(join(dataDir, 'site.db'));
  db.exec('CREATE TABLE t (n)');
  db.close();
  const look = create();
  await look('calm');
  expect(readdirSync(dataDir)).toEqual(['site.db']);
  for (let hour = 0; hour < 30; hour++) {
    now += 3_600_000;
    await look('calm');
  }
  expect(backups()).toEqual(['site-2026-11-28T01-00-00Z.db', 'site-2026-11-29T01-00-00Z.db']);
  expect(checkDatabase(join(dataDir, 'backups', backups()[0]!))).toBeUndefined();
  expect(notes.map(([, failed]) => failed)).toEqual([false, false]);
});

test('seven are kept', async () => {
  writeFileSync(join(dataDir, 'site.db'), '');
  const look = create(async (_source, target) => writeFileSync(target, ''));
  await look('calm');
  for (let day = 0; day < 12; day++) {
    now += DAY_MS;
    await look('calm');
  }
  expect(backups()).toHaveLength(7);
});

test('one that fails is told, and tried again in an hour', async () => {
  writeFileSync(join(dataDir, 'site.db'), '');
  let tries = 0;
  const look = create(() => {
    tries += 1;
    return tries === 1 ? Promise.reject(new Error('database or disk is full')) : Promise.resolve();
  });
  for (const passed of [0, 120_000, 120_000, 3_600_000]) {
    now += passed;
    await look('calm');
  }
  expect(tries).toBe(2);
  expect(notes).toEqual([
    ['the daily backup could not be made: database or disk is full', true],
    [expect.stringContaining('daily backup made'), false],
  ]);
});

test('a site without such a file has no backups', async () => {
  mkdirSync(join(dataDir, 'other'));
  const look = create(() => Promise.reject(new Error('nothing to copy')));
  now += DAY_MS;
  await look('calm');
  expect(notes).toEqual([]);
});
