import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DatabaseNewerError, type Migration, migrate, readMigrations } from '../../../src/site/data/migrate.ts';
import { DatabaseDamagedError, databasePath, openReader, openWriter } from '../../../src/site/data/open.ts';
import { openMigrated } from '../../../src/site/data/open-migrated.ts';

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tahan-migrate-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const version = (): unknown => {
  const db = openReader(dataDir);
  try {
    return db.pragma('user_version', { simple: true });
  } finally {
    db.close();
  }
};

describe('migrations', () => {
  test('bring an empty folder to the newest version, once', () => {
    const db = openWriter(join(dataDir));
    expect(migrate(db)).toEqual(readMigrations().map(({ name }) => name));
    expect(migrate(db)).toEqual([]);
    db.close();
    expect(version()).toBe(readMigrations().length);
  });

  test('that fail leave the version before, and none of their own work', () => {
    const db = openWriter(dataDir);
    const steps: Migration[] = [
      { number: 1, name: '001-good.sql', sql: 'CREATE TABLE good (a);' },
      { number: 2, name: '002-bad.sql', sql: 'CREATE TABLE half (a); CREATE TABLE good (a);' },
    ];
    expect(() => migrate(db, steps)).toThrow(/already exists/);
    expect(db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all()).toEqual(['good']);
    db.close();
    expect(version()).toBe(1);
  });

  test('refuse a database that a newer Tahan wrote, and leave it alone', () => {
    const newer = openWriter(dataDir);
    newer.pragma('user_version = 999');
    newer.close();
    expect(() => openMigrated(dataDir)).toThrow(DatabaseNewerError);
    expect(() => openMigrated(dataDir)).toThrow(/version 999.*start the newer Tahan/);
    expect(version()).toBe(999);
  });

  test('must be numbered without gaps', () => {
    writeFileSync(join(dataDir, '001-a.sql'), '');
    writeFileSync(join(dataDir, '003-b.sql'), '');
    expect(() => readMigrations(new URL(`file://${dataDir}/`))).toThrow(/003-b.sql.*002/);
  });
});

describe('the database file', () => {
  test('that is not a database is told as such', () => {
    writeFileSync(databasePath(dataDir), 'This is a shopping list, not a database. '.repeat(200));
    expect(() => openMigrated(dataDir)).toThrow(DatabaseDamagedError);
  });

  test('is made in a folder for its owner alone', () => {
    const folder = join(dataDir, 'new');
    openMigrated(folder).close();
    expect(statSync(folder).mode & 0o077).toBe(0);
  });

  test('can be read, not written, by the event loop', () => {
    openMigrated(dataDir).close();
    const reader = openReader(dataDir);
    expect(() => reader.exec("INSERT INTO tags (name) VALUES ('a')")).toThrow(/readonly|read-only/);
    reader.close();
  });

  test('keeps what was acknowledged before kill -9', async () => {
    openMigrated(dataDir).close();
    const module = new URL('../../../src/site/data/open.ts', import.meta.url).href;
    const script = `const { openWriter } = await import(${JSON.stringify(module)});
      const db = openWriter(${JSON.stringify(dataDir)});
      const insert = db.prepare('INSERT INTO tags (name) VALUES (?)');
      for (let n = 0; ; n += 1) { insert.run('tag-' + n); process.stdout.write(n + '\\n'); }`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.split('\n').length > 20) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const acknowledged = Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
    const db = openMigrated(dataDir);
    const kept = db.prepare('SELECT count(*) FROM tags').pluck().get() as number;
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    db.close();
    expect(acknowledged).toBeGreaterThanOrEqual(19);
    expect(kept).toBeGreaterThan(acknowledged);
  });

  test('is migrated once by two processes that start at the same time', async () => {
    const module = new URL('../../../src/site/data/open-migrated.ts', import.meta.url).href;
    const script = `const { openMigrated } = await import(${JSON.stringify(module)}); openMigrated(${JSON.stringify(dataDir)}).close();`;
    const children = [1, 2, 3].map(() =>
      spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' }),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
    expect(codes).toEqual([0, 0, 0]);
    expect(version()).toBe(readMigrations().length);
  });
});
