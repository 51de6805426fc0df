import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createLimiterDesk, MAX_KEYS } from '../../../src/engine/worker/limiters.ts';

const realSend = process.send;
let sent: { type?: string; func?: string; promiseId?: string; keyPrefix?: string; data?: { key: string } }[];

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  sent = [];
  process.send = (message: (typeof sent)[number]) => {
    sent.push(message);
    return true;
  };
});
afterEach(() => {
  process.send = realSend!;
  process.removeAllListeners('message');
  jest.useRealTimers();
});

const say = (message: object): void => {
  process.emit('message', { channel: 'rate_limiter_flexible', ...message }, undefined as never);
};

describe('the limiters of a worker', () => {
  test('ask the primary, and do what it says', async () => {
    const limiter = createLimiterDesk()('likes', { points: 2, seconds: 60 });
    say({ type: 'init', keyPrefix: 'likes' });
    const taken = limiter.take('anna');
    const { promiseId } = sent.at(-1)!;
    expect(sent.at(-1)).toMatchObject({ func: 'consume', data: { key: 'anna' } });
    say({ type: 'reject', keyPrefix: 'likes', promiseId, data: { remainingPoints: 0, msBeforeNext: 1_234 } });
    expect(await taken).toEqual({ allowed: false, retryAfterMs: 1_234 });
  });

  test('give a point back where it was taken', async () => {
    const limiter = createLimiterDesk()('given', { points: 1, seconds: 60 });
    say({ type: 'init', keyPrefix: 'given' });
    const given = limiter.giveBack('anna');
    const { promiseId } = sent.at(-1)!;
    expect(sent.at(-1)).toMatchObject({ keyPrefix: 'given', func: 'reward', data: { key: 'anna' } });
    say({ type: 'resolve', keyPrefix: 'given', promiseId, data: { remainingPoints: 1, msBeforeNext: 1 } });
    await given;
  });

  test('count alone while the primary is away, and a bounded number of keys', async () => {
    const limiter = createLimiterDesk()('alone', { points: 1, seconds: 900 });
    const take = async (...keys: string[]): Promise<boolean[]> => {
      const answers = keys.map((key) => limiter.take(key));
      await jest.advanceTimersByTimeAsync(600);
      return (await Promise.all(answers)).map(({ allowed }) => allowed);
    };
    const names = Array.from({ length: MAX_KEYS - 1 }, (_, n) => `name-${n}`);
    expect(await take('first')).toEqual([true]);
    await take(...names);
    expect(await take('first')).toEqual([false]);
    await take('one too many');
    expect(await take('first')).toEqual([true]);
  });

  test('of one name are one', () => {
    const limiters = createLimiterDesk();
    expect(limiters('x', { points: 1, seconds: 1 })).toBe(limiters('x', { points: 1, seconds: 1 }));
  });
});
