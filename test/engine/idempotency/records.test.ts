import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { openRecords, type Records } from '../../../src/engine/idempotency/records.ts';
import { seal, unseal } from '../../../src/engine/idempotency/sealed.ts';

let folder: string;
let problems: string[];
const open: Records[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-records-'));
  problems = [];
});
afterEach(async () => {
  for (const records of open.splice(0)) await records.close();
  rmSync(folder, { recursive: true, force: true });
});
const records = (path = join(folder, 'idempotency.db'), options = {}): Records => {
  const made = openRecords(path, (_kind, line) => problems.push(line), options);
  open.push(made);
  return made;
};
const id = Buffer.alloc(32, 1);
const body = Buffer.alloc(32, 2);

describe('the thread of the records', () => {
  test('keeps an answer over a restart, for every process', async () => {
    const first = records();
    expect(await first.claim(id, body, 1)).toEqual({ kind: 'run' });
    const other = records();
    expect(await other.claim(id, body, 1)).toEqual({ kind: 'in_progress' });
    await first.finish(id, 1, Buffer.from('answer'));
    expect(await other.claim(id, body, 2)).toEqual({ kind: 'replay', answer: Buffer.from('answer') });
    await first.close();
    expect(await records().claim(id, body, 1)).toEqual({ kind: 'replay', answer: Buffer.from('answer') });
  });

  test('says so when the file cannot be had, and does not end', async () => {
    const nowhere = records(join(folder, 'no such folder', 'idempotency.db'));
    await expect(nowhere.claim(id, body, 1)).rejects.toThrow(/directory/);
    await nowhere.finish(id, 1, undefined);
    expect(problems.join()).toMatch(/refused.*could not be kept/s);
  });

  test.each([
    ['garbage', (path: string) => writeFileSync(path, 'garbage '.repeat(2_000))],
    [
      'a database of something else',
      (path: string) => void new Database(path).exec('CREATE TABLE records (a)').close(),
    ],
    ['a folder', (path: string) => void mkdirSync(path)],
  ])('puts %s in the place of the file aside, with one line, and goes on with a new one', async (_what, damage) => {
    const path = join(folder, 'idempotency.db');
    damage(path);
    const made = records();
    expect(await made.claim(id, body, 1)).toEqual({ kind: 'run' });
    await made.finish(id, 1, Buffer.from('answer'));
    expect(await made.claim(id, body, 2)).toEqual({ kind: 'replay', answer: Buffer.from('answer') });
    expect(problems).toEqual([expect.stringMatching(/put aside as .*idempotency\.db\.corrupt and begun anew/)]);
    expect(existsSync(`${path}.corrupt`)).toBe(true);
  });

  test('knows in every process what is in the new file, once one has put the old one aside', async () => {
    const path = join(folder, 'idempotency.db');
    const first = records();
    await first.claim(Buffer.alloc(32, 3), body, 1);
    renameSync(path, `${path}.corrupt`);
    for (const rest of ['-wal', '-shm']) rmSync(path + rest, { force: true });
    const other = records();
    expect(await other.claim(id, body, 1)).toEqual({ kind: 'run' });
    expect(await first.claim(id, body, 1)).toEqual({ kind: 'in_progress' });
    expect(problems).toEqual([]);
  });

  test('takes so many questions at a time', async () => {
    const few = records(undefined, { maxOpen: 2 });
    const asked = [1, 2, 3].map((number) => few.claim(Buffer.alloc(32, number), body, number));
    await expect(asked[2]).rejects.toThrow('2 questions are open');
    expect(await Promise.all(asked.slice(0, 2))).toEqual([{ kind: 'run' }, { kind: 'run' }]);
  });
});

test('what is sealed can be read with its secret only', () => {
  const secret = Buffer.alloc(32, 7);
  const sealed = seal(secret, Buffer.from('set-cookie: session=1'));
  expect(sealed.includes('session')).toBe(false);
  expect(unseal(secret, sealed).toString()).toBe('set-cookie: session=1');
  expect(() => unseal(Buffer.alloc(32, 8), sealed)).toThrow();
});
