import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { MUTANTS } from '../mutants/list.ts';
import { timesIn } from '../mutants/mutant.ts';

const root = new URL('../../', import.meta.url);

describe('the list of mutants', () => {
  test('replaces text that is in the source, once', () => {
    const times = MUTANTS.map(({ name, file, text }) => ({
      name,
      times: timesIn(text, readFileSync(new URL(`src/engine/${file}`, root), 'utf8')),
    }));
    expect(times.filter((each) => each.times !== 1)).toEqual([]);
  });

  test('changes something, under a name of its own', () => {
    expect(MUTANTS.filter(({ text, to }) => text === to)).toEqual([]);
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  test('names tests that are there', () => {
    const tests = new Set(MUTANTS.map((mutant) => mutant.test));
    expect([...tests].filter((file) => !existsSync(new URL(`test/${file}`, root)))).toEqual([]);
  });
});
