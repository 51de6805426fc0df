import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { budgetOfProcess } from '../../../src/engine/features/retry-budget.ts';
import { openWriter } from '../../../src/site/data/open.ts';
import { meterWaits, type WaitMeter } from '../../../src/site/data/waits.ts';
import { DatabaseBusyError, longRead, write } from '../../../src/site/data/write.ts';
import { addUser, type TempData, tempData } from './temp-data.ts';

let data: TempData;
let meter: WaitMeter;

beforeEach(() => {
  data = tempData();
  meter = meterWaits();
});
afterEach(() => {
  meter.close();
  data.remove();
});

const soon = (): AbortSignal => AbortSignal.timeout(20_000);
const until = async (holds: () => boolean): Promise<void> => {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 500) throw new Error('it never came true');
    await delay(10);
  }
};

describe('a write', () => {
  test('is all or nothing', async () => {
    const failing = write(data.dataDir, soon(), (db) => {
      addUser(db, 'anna');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await write(data.dataDir, soon(), (db) => addUser(db, 'ben'));
    expect(await longRead(data.dataDir, soon(), (db) => db.prepare('SELECT name FROM users').pluck().all())).toEqual([
      'ben',
    ]);
  });

  test('waits for the lock of another process, and the wait is measured', async () => {
    data.db.exec('BEGIN IMMEDIATE');
    const writing = write(data.dataDir, soon(), (db) => addUser(db, 'anna'));
    setTimeout(() => data.db.exec('COMMIT'), 100);
    await expect(writing).resolves.toBe(1);
    await until(() => meter.totalMs() > 0);
    expect(meter.totalMs()).toBeGreaterThan(50);
  });

  test('gives up at its deadline, told as such', async () => {
    const holder = openWriter(data.dataDir);
    holder.exec('BEGIN IMMEDIATE');
    await expect(write(data.dataDir, AbortSignal.timeout(200), () => 1)).rejects.toThrow(DatabaseBusyError);
    holder.exec('ROLLBACK');
    holder.close();
    await expect(write(data.dataDir, soon(), () => 1)).resolves.toBe(1);
  });

  describe('while another process keeps the lock', () => {
    const budget = budgetOfProcess();
    let holder: ReturnType<typeof openWriter>;
    beforeEach(() => {
      while (budget.take());
      holder = openWriter(data.dataDir);
      holder.exec('BEGIN IMMEDIATE');
    });
    afterEach(() => {
      holder.close();
      for (let calls = 0; calls < 100; calls += 1) budget.noteCall();
    });

    test('waits for its turn only, when the retries are used up', async () => {
      const signal = soon();
      await expect(write(data.dataDir, signal, () => 1)).rejects.toThrow(DatabaseBusyError);
      expect(signal.aborted).toBe(false);
      await expect(longRead(data.dataDir, signal, () => 1)).resolves.toBe(1);
    });

    test('waits on with a retry of the budget that calls of upstreams have, too', async () => {
      for (let calls = 0; calls < 10; calls += 1) budget.noteCall();
      const writing = write(data.dataDir, soon(), () => 1);
      await until(() => budget.saved < 1);
      holder.exec('ROLLBACK');
      await expect(writing).resolves.toBe(1);
    });
  });

  test('does not begin when nobody waits for it any more', async () => {
    await expect(write(data.dataDir, AbortSignal.abort(), (db) => addUser(db, 'anna'))).rejects.toThrow();
    expect(data.db.prepare('SELECT count(*) FROM users').pluck().get()).toBe(0);
  });

  test('does not hold up readers', async () => {
    data.db.exec('BEGIN IMMEDIATE');
    addUser(data.db, 'anna');
    expect(await longRead(data.dataDir, soon(), (db) => db.prepare('SELECT count(*) FROM users').pluck().get())).toBe(
      0,
    );
    data.db.exec('COMMIT');
  });
});
