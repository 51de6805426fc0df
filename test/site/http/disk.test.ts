import { expect, test } from '@jest/globals';
import { TaskError } from '../../../src/engine/pool/errors.ts';
import { createDisk, isDiskFull } from '../../../src/site/http/disk.ts';
import type { CallTask } from '../../../src/site/tasks/call.ts';

const failed = (code: string): Error => new TaskError('savePost', Object.assign(new Error('failed'), { code }));

test('a full disk is told once a minute, and shows in the state for as long after the last write that found no room', async () => {
  let now = 0;
  const lines: string[] = [];
  const disk = createDisk(
    (line) => lines.push(line),
    () => now,
  );
  let code = 'SQLITE_FULL';
  const call = disk.watch((() => Promise.reject(failed(code))) as CallTask);
  const write = (): Promise<void> =>
    expect(call('updateProfile', { userId: 1, displayName: '', bio: '', roleShown: 0 })).rejects.toThrow('failed');
  await write();
  now = 59_000;
  await write();
  expect([disk.state(), lines.length]).toEqual(['down', 1]);
  now = 61_000;
  await write();
  expect([disk.state(), lines.length]).toEqual(['down', 2]);
  now = 121_000;
  expect(disk.state()).toBe('ok');
  code = 'SQLITE_CONSTRAINT';
  await write();
  expect([disk.state(), lines.length]).toEqual(['ok', 2]);
});

test('other failures are no full disk', () => {
  expect(
    [failed('SQLITE_FULL'), failed('ENOSPC'), failed('SQLITE_BUSY'), new Error('x'), undefined].map(isDiskFull),
  ).toEqual([true, true, false, false, false]);
});
