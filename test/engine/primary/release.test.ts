import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { followRelease } from '../../../src/engine/primary/release.ts';

let folder: string;
let current: string;
const real = (name: string): string => join(folder, name);
const lead = (name: string): void => {
  rmSync(current, { force: true });
  symlinkSync(real(name), current);
};
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tahan-release-')));
  for (const name of ['a', 'b']) {
    mkdirSync(real(name));
    writeFileSync(join(real(name), 'main.ts'), '');
  }
  current = join(folder, 'current');
  lead('a');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the release that is there now', () => {
  const base = (): Parameters<typeof followRelease>[0] => ({
    env: {},
    cwd: real('a'),
    argument: undefined,
    main: join(real('a'), 'main.ts'),
    worker: { exec: join(real('a'), 'main.ts'), args: ['x'] },
  });

  const at = (name: string) => ({
    cwd: real(name),
    main: join(real(name), 'main.ts'),
    worker: { exec: join(real(name), 'main.ts'), args: ['x'] },
  });

  test.each([
    ['the shell says', () => ({ env: { PWD: current } })],
    ['pm2 says', () => ({ env: { PWD: '/', pm_cwd: current } })],
    ['the program’s path begins with', () => ({ argument: join(current, 'main.ts') })],
  ])('is found through the name that %s', (_, named) => {
    const { folder: start, find } = followRelease({ ...base(), ...named() });
    expect(start).toBe(current);
    expect(find()).toEqual(at('a'));
    lead('b');
    expect(find()).toEqual(at('b'));
  });

  test('stays where no link leads to it, or the name leads elsewhere', () => {
    const { find } = followRelease({ ...base(), env: { PWD: real('b') } });
    lead('b');
    expect(find()).toEqual(at('a'));
  });

  test('keeps a program that is installed elsewhere', () => {
    const elsewhere = join(folder, 'main.ts');
    writeFileSync(elsewhere, '');
    const { find } = followRelease({
      ...base(),
      env: { PWD: current },
      main: elsewhere,
      worker: { exec: elsewhere, args: [] },
    });
    // Not where it was seen from the release before.
    mkdirSync(join(real('b'), 'deep'));
    lead('b/deep');
    expect(find()).toEqual({ cwd: real('b/deep'), main: elsewhere, worker: { exec: elsewhere, args: [] } });
  });

  test('is an error in words where the link leads nowhere, or to no program', () => {
    const { find } = followRelease({ ...base(), env: { PWD: current } });
    unlinkSync(current);
    expect(find).toThrow(`the start folder ${current} is not there any more`);
    lead('b');
    unlinkSync(join(real('b'), 'main.ts'));
    expect(find).toThrow(/main\.ts is not there: the start folder .+ leads to .+b$/);
  });
});
