import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { backup } from '../../scripts/backup.ts';
import { restore } from '../../scripts/restore.ts';
import { claimDataFolder } from '../../src/engine/primary/data-folder.ts';
import { databasePath, openReader } from '../../src/site/data/open.ts';
import { openMigrated } from '../../src/site/data/open-migrated.ts';
import { insertUser, users } from '../../src/site/data/users.ts';
import { type FakeTerminal, fakeTerminal } from './terminal.ts';

let terminal: FakeTerminal;
let file: string;
beforeEach(() => {
  terminal = fakeTerminal();
  file = join(terminal.folder, 'backup.db');
});
afterEach(() => terminal.remove());

const addUser = (name: string): void => {
  const db = openMigrated(terminal.dataDir);
  insertUser(db, { name, displayName: name, role: 'editor', passwordHash: 'x', createdAt: 1 });
  db.close();
};
const names = (): string[] => {
  const db = openReader(terminal.dataDir);
  try {
    return [...users(db)].map(({ name }) => name);
  } finally {
    db.close();
  }
};

describe('npm run backup and npm run restore', () => {
  test('bring back what was there, and keep what was there before', async () => {
    addUser('anna');
    const writing = openMigrated(terminal.dataDir);
    expect(await backup([file], terminal)).toBe(0);
    writing.close();
    expect(terminal.said).toEqual([`${file}: ${statSync(file).size} bytes, checked`]);
    expect(terminal.progressed.at(-1)).toMatch(/^\d+ % of \d+ pages$/);
    addUser('ben');
    writeFileSync(join(terminal.dataDir, 'pages.db'), 'pages of what comes');
    expect(await restore([file], terminal)).toBe(0);
    expect(names()).toEqual(['anna']);
    expect(existsSync(join(terminal.dataDir, 'pages.db'))).toBe(false);
    expect(existsSync(join(terminal.dataDir, 'server.lock'))).toBe(false);
    expect(await restore([`${databasePath(terminal.dataDir)}.before-restore`], terminal)).toBe(0);
    expect(names().sort()).toEqual(['anna', 'ben']);
  });

  test('a backup replaces no file unless it is told to', async () => {
    addUser('anna');
    writeFileSync(file, 'precious');
    expect(await backup([file], terminal)).toBe(1);
    expect(readFileSync(file, 'utf8')).toBe('precious');
    expect(await backup([file, '--force'], terminal)).toBe(0);
    expect(await backup([databasePath(terminal.dataDir), '--force'], terminal)).toBe(1);
    expect(await backup([terminal.folder], terminal)).toBe(1);
    expect(await backup([join(terminal.folder, 'no', 'x.db')], terminal)).toBe(1);
    expect(terminal.complained).toEqual([
      expect.stringContaining('is there already; name another file, or replace it with --force'),
      expect.stringContaining('is the database itself'),
      expect.stringContaining('is no file'),
      expect.stringContaining('there is no folder'),
    ]);
  });

  test('a backup without a database, and a wrong command line, say so', async () => {
    expect(await backup([file], terminal)).toBe(1);
    expect(await backup([], terminal)).toBe(2);
    expect(await restore([], terminal)).toBe(2);
    expect(terminal.complained[0]).toContain('there is no database yet');
  });

  test('a restore while the server of the folder runs is refused, and changes nothing', async () => {
    addUser('anna');
    await backup([file], terminal);
    addUser('ben');
    const release = claimDataFolder(terminal.dataDir);
    expect(await restore([file], terminal)).toBe(1);
    expect(terminal.complained).toEqual([expect.stringContaining('is in use by the server with pid')]);
    release();
    expect(names()).toEqual(['anna', 'ben']);
  });

  test('a restore of what is no good backup is refused, and changes nothing', async () => {
    addUser('anna');
    mkdirSync(join(terminal.folder, 'bad'));
    const bad = (name: string): string => join(terminal.folder, 'bad', name);
    writeFileSync(bad('text'), 'not a database '.repeat(500));
    await backup([bad('damaged')], terminal);
    const bytes = readFileSync(bad('damaged'));
    bytes.fill(0x5a, 8_192, 40_960);
    writeFileSync(bad('damaged'), bytes);
    new Database(bad('other')).exec('CREATE TABLE t (n)').close();
    await backup([bad('newer')], terminal);
    const newer = new Database(bad('newer'));
    newer.pragma('user_version = 999');
    newer.close();
    const before = readdirSync(terminal.dataDir);
    for (const name of ['none', 'text', 'damaged', 'other', 'newer'])
      expect(await restore([bad(name)], terminal)).toBe(1);
    expect(terminal.complained).toEqual([
      expect.stringContaining('there is no such file'),
      expect.stringContaining('is damaged'),
      expect.stringContaining('is damaged'),
      expect.stringContaining('it has no users, sessions, posts'),
      expect.stringContaining('use the newer Tahan'),
    ]);
    expect(readdirSync(terminal.dataDir)).toEqual(before);
    expect(names()).toEqual(['anna']);
  });
});
