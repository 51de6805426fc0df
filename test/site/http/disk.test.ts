import { expect, test } from '@jest/globals';
import { isDiskFull, takesNothing } from '../../../src/engine/disk-errors.ts';
import { TaskError } from '../../../src/engine/pool/errors.ts';
import { createDisk, diskProblem } from '../../../src/site/http/disk.ts';
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

test.each(['SQLITE_READONLY', 'SQLITE_IOERR_WRITE', 'EROFS'])(
  'a disk that takes nothing for another reason, %s, is told as such',
  async (code) => {
    const lines: string[] = [];
    const disk = createDisk((line) => lines.push(line));
    const call = disk.watch((() => Promise.reject(failed(code))) as CallTask);
    await expect(call('updateProfile', { userId: 1, displayName: '', bio: '', roleShown: 0 })).rejects.toThrow(
      'failed',
    );
    expect([disk.state(), lines]).toEqual(['down', [expect.stringContaining('cannot be written')]]);
    expect(diskProblem(failed(code))).toMatchObject({ status: 503, headers: { 'Retry-After': '60' } });
  },
);

test('no room is a status of its own', () => {
  expect(diskProblem(failed('SQLITE_FULL')).status).toBe(507);
});

test.each([
  ['SQLITE_FULL', true, true],
  ['ENOSPC', true, true],
  ['SQLITE_READONLY_DBMOVED', false, true],
  ['SQLITE_IOERR_FSYNC', false, true],
  ['SQLITE_IOERR_READ', false, false],
  ['SQLITE_BUSY', false, false],
  ['SQLITE_CORRUPT', false, false],
])('%s: full %s, takes nothing %s', (code, full, nothing) => {
  expect([isDiskFull(failed(code)), takesNothing(failed(code))]).toEqual([full, nothing]);
});

test('what is no error of a disk is none', () => {
  expect([new Error('x'), undefined, 'EIO'].map(takesNothing)).toEqual([false, false, false]);
});
