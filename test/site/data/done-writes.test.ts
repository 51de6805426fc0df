import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { onceKey } from '../../../src/site/data/done-writes.ts';
import { longRead, write } from '../../../src/site/data/write.ts';
import { changePassword, register } from '../../../src/site/tasks/index.ts';
import { type TempData, tempData } from './temp-data.ts';

let data: TempData;
beforeEach(() => {
  data = tempData();
});
afterEach(() => data.remove());
const control = { signal: new AbortController().signal };
const members = (): Promise<number> =>
  longRead(data.dataDir, control.signal, (db) => db.prepare('SELECT count(*) FROM users').pluck().get() as number);

describe('a write with the key of its request', () => {
  test('is done once, and gives every further try what it gave', async () => {
    const before = await members();
    const account = { dataDir: data.dataDir, name: 'rara', password: 'a long sentence', onceKey: 'key.register' };
    const first = await register(account, control);
    expect(first).toMatchObject({ ok: true, user: { name: 'rara' } });
    expect(await register(account, control)).toEqual(first);
    expect(await members()).toBe(before + 1);
    expect(await register({ ...account, onceKey: 'other.register' } as typeof account, control)).toEqual({
      ok: false,
      reason: 'name-taken',
    });
    // The cookie of the new session is in the table, but not to be read.
    const sealed = await longRead(
      data.dataDir,
      control.signal,
      (db) => db.prepare('SELECT result FROM done_writes').pluck().get() as Buffer,
    );
    expect(sealed.includes((first as { sessionId: string }).sessionId)).toBe(false);
    if (!first.ok) throw new Error('not registered');
    const change = {
      dataDir: data.dataDir,
      userId: first.user.id,
      sessionId: first.sessionId,
      current: 'a long sentence',
      next: 'another long sentence',
      onceKey: 'key.changePassword',
    };
    const changed = await changePassword(change, control);
    expect(changed).toMatchObject({ ok: true });
    expect(await changePassword(change, control)).toEqual(changed);
  });

  test('that was refused or undone is tried again', async () => {
    let tries = 0;
    const attempt = (answer: () => unknown): Promise<unknown> =>
      onceKey.run('key.try', () =>
        write(data.dataDir, control.signal, () => {
          tries += 1;
          return answer();
        }),
      );
    await attempt(() => ({ ok: false }));
    await expect(
      attempt(() => {
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    expect(await attempt(() => 7)).toBe(7);
    expect(await attempt(() => 8)).toBe(7);
    expect(tries).toBe(3);
  });

  test('is forgotten after a day', async () => {
    await onceKey.run('old', () => write(data.dataDir, control.signal, () => 1));
    await write(data.dataDir, control.signal, (db) => void db.exec('UPDATE done_writes SET at = at - 86400001'));
    await onceKey.run(randomUUID(), () => write(data.dataDir, control.signal, () => 2));
    expect(await onceKey.run('old', () => write(data.dataDir, control.signal, () => 3))).toBe(3);
  });
});
