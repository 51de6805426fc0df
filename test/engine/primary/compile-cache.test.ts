import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { withCompileCache } from '../../../src/engine/primary/compile-cache.ts';

test('children share a compile cache in the data folder, which is emptied when it has grown too large', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tahan-cache-'));
  const folder = join(dataDir, 'compile-cache');
  expect(withCompileCache({ A: '1' }, dataDir)).toEqual({ A: '1', NODE_COMPILE_CACHE: folder });
  mkdirSync(join(folder, 'v1'), { recursive: true });
  const file = join(folder, 'v1', 'code');
  writeFileSync(file, 'x');
  withCompileCache({}, dataDir);
  expect(existsSync(file)).toBe(true);
  truncateSync(file, 70_000_000);
  withCompileCache({}, dataDir);
  expect(existsSync(folder)).toBe(false);
  // Who has one of their own, or wants none, is left alone.
  expect(withCompileCache({ NODE_COMPILE_CACHE: '/x' }, dataDir)).toEqual({ NODE_COMPILE_CACHE: '/x' });
  expect(withCompileCache({ NODE_DISABLE_COMPILE_CACHE: '1' }, dataDir)).toEqual({ NODE_DISABLE_COMPILE_CACHE: '1' });
  rmSync(dataDir, { recursive: true });
});
