import { afterEach, describe, expect, test } from '@jest/globals';
import {
  KEEP_MS,
  openRecordFile,
  type RecordFile,
  type RecordFileOptions,
  RUNNING_MS,
} from '../../../src/engine/idempotency/record-file.ts';

const open: RecordFile[] = [];
afterEach(() => {
  for (const file of open.splice(0)) file.close();
});
const alive = new Set(['this']);
let now = 1_000_000_000_000;
const file = (options: Partial<RecordFileOptions> = {}): RecordFile => {
  const made = openRecordFile({
    path: ':memory:',
    owner: 'this',
    isAlive: (owner) => alive.has(owner),
    now: () => now,
    ...options,
  });
  open.push(made);
  return made;
};
const id = (name: string | number): Buffer => Buffer.from(`id ${name}`);
const body = Buffer.from('body');

describe('the records', () => {
  test('let one try work, and give its answer to the others for 24 hours', () => {
    const records = file();
    expect(records.claim(id(1), body, 1)).toEqual({ kind: 'run' });
    expect(records.claim(id(1), body, 2)).toEqual({ kind: 'in_progress' });
    records.finish(id(1), 1, Buffer.from('answer'));
    now += KEEP_MS;
    expect(records.claim(id(1), body, 3)).toEqual({ kind: 'replay', answer: Buffer.from('answer') });
    now += 1;
    expect(records.claim(id(1), body, 4)).toEqual({ kind: 'run' });
  });

  test('give the work of a process that died to the next try, and that of one that hangs after its time', () => {
    alive.add('other');
    const records = file({ owner: 'other' });
    records.claim(id(1), body, 1);
    expect(records.claim(id(1), body, 2)).toEqual({ kind: 'in_progress' });
    alive.delete('other');
    expect(records.claim(id(1), body, 3)).toEqual({ kind: 'run' });
    const hanging = file();
    hanging.claim(id(1), body, 1);
    now += RUNNING_MS - 1;
    expect(hanging.claim(id(1), body, 2)).toEqual({ kind: 'in_progress' });
    now += 1;
    expect(hanging.claim(id(1), body, 3)).toEqual({ kind: 'run' });
  });

  test('are freed and finished by the try that holds them only', () => {
    const records = file();
    records.claim(id(1), body, 1);
    records.free(id(1), 2);
    records.finish(id(1), 2, undefined);
    expect(records.claim(id(1), body, 3)).toEqual({ kind: 'in_progress' });
    records.free(id(1), 1);
    expect(records.claim(id(1), body, 4)).toEqual({ kind: 'run' });
    records.finish(id(1), 4, undefined);
    records.free(id(1), 4);
    expect(records.claim(id(1), body, 5)).toEqual({ kind: 'replay', answer: undefined });
  });

  test('are bounded in number: the oldest that are done make room, those under way never', () => {
    const records = file({ maxRecords: 10 });
    for (let number = 0; number < 10; number++) {
      now += 1;
      records.claim(id(number), body, number);
      records.finish(id(number), number, undefined);
    }
    expect(records.claim(id(10), body, 10)).toEqual({ kind: 'run' });
    expect(records.claim(id(1), body, 11)).toEqual({ kind: 'replay', answer: undefined });
    expect(records.claim(id(0), body, 12)).toEqual({ kind: 'run' });
    for (let number = 20; number < 28; number++)
      expect(records.claim(id(number), body, number)).toEqual({ kind: 'run' });
    expect(records.claim(id(30), body, 30)).toEqual({ kind: 'full' });
  });

  test('are bounded in bytes', () => {
    const records = file({ maxBytes: 10_000 });
    for (let number = 0; number < 12; number++) {
      now += 1;
      expect(records.claim(id(number), body, number)).toEqual({ kind: 'run' });
      records.finish(id(number), number, Buffer.alloc(4_000));
    }
    const kept = Array.from({ length: 12 }, (_, number) => records.claim(id(number), Buffer.from('other'), 99).kind);
    expect(kept.filter((kind) => kind === 'other_body').length).toBeLessThan(4);
  });
});
