import cluster, { type Worker } from 'node:cluster';
import { afterAll, expect, test } from '@jest/globals';
import { keepLimiters, MAX_KEYS } from '../../../src/engine/primary/limiters.ts';

const CHANNEL = 'rate_limiter_flexible';

interface Answer {
  type: string;
  promiseId?: string;
  data?: { consumedPoints: number } | boolean | null;
}

afterAll(() => {
  cluster.removeAllListeners('message');
});

/** A worker of which the primary sees the messages only, as its limiter sends them. */
function fakeWorker() {
  const answers: Answer[] = [];
  const worker = { send: (answer: Answer) => answers.push(answer) } as unknown as Worker;
  const tell = (message: object): void => {
    cluster.emit('message', worker, { channel: CHANNEL, ...message }, undefined);
  };
  return { answers, tell };
}

test('the primary keeps the counts of all workers, of a bounded number of keys', async () => {
  keepLimiters();
  const { answers, tell } = fakeWorker();
  tell({ type: 'init', opts: { keyPrefix: 'sign-in', points: 1, duration: 900 } });
  expect(answers).toEqual([{ channel: CHANNEL, type: 'init', keyPrefix: 'sign-in' }]);

  const ask = async (func: 'consume' | 'get', key: string): Promise<Answer> => {
    tell({ keyPrefix: 'sign-in', func, promiseId: key, data: { key, arg: func === 'consume' ? 1 : undefined } });
    await new Promise((resolve) => setImmediate(resolve));
    return answers.at(-1)!;
  };
  expect(await ask('consume', 'first')).toMatchObject({ type: 'resolve', data: { consumedPoints: 1 } });
  expect(await ask('consume', 'first')).toMatchObject({ type: 'reject', data: { consumedPoints: 2 } });
  for (let n = 1; n < MAX_KEYS; n += 1) await ask('consume', `name-${n}`);
  expect(await ask('get', 'first')).toMatchObject({ data: { consumedPoints: 2 } });
  await ask('consume', 'one too many');
  expect(await ask('get', 'first')).toMatchObject({ type: 'resolve', data: null });
  expect(await ask('get', 'name-1')).toMatchObject({ data: { consumedPoints: 1 } });

  // Another worker's limiter of this name has the same counts.
  const other = fakeWorker();
  other.tell({ type: 'init', opts: { keyPrefix: 'sign-in', points: 1, duration: 900 } });
  expect(await ask('get', 'one too many')).toMatchObject({ data: { consumedPoints: 1 } });
});
