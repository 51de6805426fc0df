import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createDailySalt } from '../../../src/engine/traffic/daily-salt.ts';

const NOON = Date.UTC(2026, 10, 28, 12);
const DAY_MS = 86_400_000;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-salt-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const salts = (): string[] => readdirSync(folder);
const create = (problems: string[] = []) => createDailySalt(folder, (problem) => problems.push(problem));

test('all processes have the same salt of a day, which only the server can read', () => {
  const [one, other] = [create(), create()];
  expect(one(NOON)).toBe(other(NOON + 1_000));
  expect(one(NOON)).toMatch(/^[0-9a-f]{64}$/);
  expect(salts()).toHaveLength(1);
  expect(statSync(join(folder, salts()[0]!)).mode & 0o777).toBe(0o600);
});

test('the next day has another salt, and the one before is deleted', () => {
  const salt = create();
  const before = salt(NOON);
  expect(salt(NOON + DAY_MS)).not.toBe(before);
  expect(salts()).toEqual([`visitors-${Math.floor((NOON + DAY_MS) / DAY_MS)}.salt`]);
});

test('where the folder cannot be written a process has a salt of its own, and says so', () => {
  const file = join(folder, 'no-folder');
  writeFileSync(file, '');
  const problems: string[] = [];
  const salt = createDailySalt(file, (problem) => problems.push(problem));
  expect(salt(NOON)).toMatch(/^[0-9a-f]{64}$/);
  expect(salt(NOON)).toBe(salt(NOON));
  expect(problems).toHaveLength(1);
});
