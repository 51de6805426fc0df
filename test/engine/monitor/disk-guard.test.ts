import { expect, test } from '@jest/globals';
import { createDiskGuard } from '../../../src/engine/monitor/disk-guard.ts';

const failing = (code: string) => (): never => {
  throw Object.assign(new Error('failed'), { code });
};

test('a disk that takes nothing is told once a minute, and ends nothing; another failure does', () => {
  let now = 0;
  const lines: string[] = [];
  let damages = 0;
  const guard = createDiskGuard(
    (line) => lines.push(line),
    () => now,
    () => {
      damages += 1;
    },
  );
  expect(guard(() => 7)).toBe(7);
  for (const at of [0, 1_000, 59_999, 60_000]) {
    now = at;
    expect(guard(failing('SQLITE_FULL'))).toBeUndefined();
    expect(guard(failing('ENOSPC'))).toBeUndefined();
  }
  expect(lines).toHaveLength(2);
  now = 120_000;
  expect(guard(failing('SQLITE_READONLY'))).toBeUndefined();
  expect(lines[2]).toContain('cannot be written (SQLITE_READONLY)');
  expect(guard(failing('SQLITE_BUSY'))).toBeUndefined();
  expect(damages).toBe(0);
  expect(() => guard(failing('SQLITE_CORRUPT'))).toThrow('failed');
  expect(damages).toBe(1);
  expect(() => guard(failing('X'))).toThrow('failed');
  expect(damages).toBe(1);
});
