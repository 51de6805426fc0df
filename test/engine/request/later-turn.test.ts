import { expect, test } from '@jest/globals';
import { inLaterTurn } from '../../../src/engine/request/connection/later-turn.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what is given for later runs in order, and long work has a turn of its own', async () => {
  const ran: number[] = [];
  const work = (n: number, ms: number) => (): void => {
    for (const end = performance.now() + ms; performance.now() < end; );
    ran.push(n);
    if (n === 0) inLaterTurn(work(5, 0));
  };
  for (const n of [0, 1, 2, 3, 4]) inLaterTurn(work(n, 2));
  expect(ran).toEqual([]);
  const after: number[] = [];
  while (ran.length < 6) {
    await turn();
    after.push(ran.length);
  }
  expect(ran).toEqual([0, 1, 2, 3, 4, 5]);
  expect(after.slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
});

test('short work shares a turn', async () => {
  let ran = 0;
  const count = (): void => {
    ran += 1;
  };
  for (let n = 0; n < 10; n++) inLaterTurn(count);
  await turn();
  expect(ran).toBeGreaterThan(1);
});
