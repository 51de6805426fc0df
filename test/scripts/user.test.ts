import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { user } from '../../scripts/user.ts';
import { databasePath, openReader, openWriter } from '../../src/site/data/open.ts';
import { openMigrated } from '../../src/site/data/open-migrated.ts';
import { insertSession, sessionsOf } from '../../src/site/data/sessions.ts';
import type { User } from '../../src/site/data/types.ts';
import { credentialsByName, userByName } from '../../src/site/data/users.ts';
import { verify } from '../../src/site/tasks/password.ts';
import { type FakeTerminal, fakeTerminal } from './terminal.ts';

let terminal: FakeTerminal;

beforeEach(() => {
  terminal = fakeTerminal();
});
afterEach(() => terminal.remove());

const run = (...args: string[]): Promise<number> => user(args, terminal);

function read<T>(work: (db: ReturnType<typeof openReader>) => T): T {
  const db = openReader(terminal.dataDir);
  try {
    return work(db);
  } finally {
    db.close();
  }
}
const found = (name: string): User | undefined => read((db) => userByName(db, name));

describe('npm run user', () => {
  test('says that there are no users, and makes no database to find that out', async () => {
    expect(await run('list')).toBe(0);
    expect(existsSync(terminal.dataDir)).toBe(false);
    openMigrated(terminal.dataDir).close();
    expect(await run('list')).toBe(0);
    expect(terminal.said).toEqual([
      `there are no users yet: ${terminal.dataDir} has no database`,
      'there are no users yet',
    ]);
  });

  test('adds a user who can sign in, before the first start too', async () => {
    expect(await run('add', 'anna', '--role', 'editor', '--display', 'Anna A.')).toBe(0);
    expect(found('anna')).toMatchObject({ role: 'editor', displayName: 'Anna A.' });
    expect(verify('correct horse', read((db) => credentialsByName(db, 'anna'))?.passwordHash).right).toBe(true);
    expect(await run('add', 'ANNA', '--role', 'member')).toBe(1);
    expect(terminal.complained).toEqual(['the name "ANNA" is taken']);
  });

  test('changes roles, passwords and who there is, while another process has the database open', async () => {
    await run('add', 'anna', '--role', 'member');
    const server = openWriter(terminal.dataDir);
    const { id } = userByName(server, 'anna')!;
    insertSession(server, { sessionId: 'x', userId: id, userAgent: '', now: Date.now() });
    expect(await run('role', 'anna', 'admin')).toBe(0);
    expect(userByName(server, 'anna')?.role).toBe('admin');
    terminal.password = 'another one';
    expect(await run('password', 'anna')).toBe(0);
    expect(sessionsOf(server, id, Date.now())).toEqual([]);
    expect(verify('another one', credentialsByName(server, 'anna')?.passwordHash).right).toBe(true);
    terminal.said = [];
    await run('list');
    expect(terminal.said).toEqual([expect.stringMatching(/^anna +admin +\d{4}-\d\d-\d\d anna$/)]);
    expect(await run('remove', 'Anna')).toBe(0);
    expect(userByName(server, 'anna')).toBeUndefined();
    server.close();
  });

  test.each([
    [['add', 'a b', '--role', 'member'], /^name: /],
    [['add', 'anna', '--role', 'member', '--display', 'x'.repeat(61)], /^--display: At most 60/],
    [['role', 'nobody', 'admin'], /there is no user "nobody"/],
    [['password', 'nobody'], /there is no user "nobody"/],
    [['remove', 'nobody'], /there is no user "nobody"/],
  ])('fails with 1 and the reason: %j', async (args, reason) => {
    expect(await run(...args)).toBe(1);
    expect(terminal.complained).toEqual([expect.stringMatching(reason)]);
  });

  test('wants a good password', async () => {
    terminal.password = 'short';
    expect(await run('add', 'anna', '--role', 'member')).toBe(1);
    expect(terminal.complained[0]).toMatch(/^password: At least 8/);
    expect(found('anna')).toBeUndefined();
  });

  test.each([
    [[]],
    [['fly']],
    [['add']],
    [['add', 'anna']],
    [['add', 'anna', '--role', 'king']],
    [['add', 'anna', 'ben', '--role', 'member']],
    [['add', 'anna', '--rolle', 'member']],
    [['list', 'anna']],
    [['role', 'anna']],
    [['role', 'anna', 'king']],
    [['remove', 'anna', '--role', 'member']],
  ])('tells how it is used, with 2: %j', async (args) => {
    expect(await run(...args)).toBe(2);
    expect(terminal.complained.at(-1)).toMatch(/^Usage: npm run user/);
  });

  test('does not touch what a newer Tahan wrote', async () => {
    const db = openWriter(terminal.dataDir);
    db.pragma('user_version = 999');
    db.close();
    expect(await run('list')).toBe(1);
    expect(terminal.complained).toEqual([expect.stringContaining('start the newer Tahan')]);
  });

  test('tells wrong settings and a damaged file in a line', async () => {
    mkdirSync(terminal.dataDir);
    writeFileSync(databasePath(terminal.dataDir), 'not a database '.repeat(500));
    expect(await run('list')).toBe(1);
    terminal.env = { PORT: 'x' };
    expect(await run('list')).toBe(1);
    expect(terminal.complained).toEqual([
      expect.stringContaining('restore a backup'),
      expect.stringContaining('PORT="x"'),
    ]);
  });

  test('reads the password from its input when that is no terminal', () => {
    const script = fileURLToPath(new URL('../../scripts/user.ts', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'add', 'anna', '--role', 'admin'], {
      input: 'correct horse\nmore\n',
      env: { ...process.env, TAHAN_DATA_DIR: terminal.dataDir },
      cwd: terminal.folder,
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'anna is added as admin\n', stderr: '' });
    expect(verify('correct horse', read((db) => credentialsByName(db, 'anna'))?.passwordHash).right).toBe(true);
  });
});
