import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openWriter } from '../../../src/site/data/open.ts';
import { openMigrated } from '../../../src/site/data/open-migrated.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-open-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `synchronous = FULL` (2): the WAL is on the disk before a write is acknowledged. */
test.each([
  ['the tasks write with', openWriter],
  ['scripts and the preparation write with', openMigrated],
])('every connection that %s waits for the disk', (_who, open) => {
  const db = open(folder);
  expect([db.pragma('synchronous', { simple: true }), db.pragma('journal_mode', { simple: true })]).toEqual([2, 'wal']);
  db.close();
});
