import { expect, test } from '@jest/globals';
import { MAX_SESSIONS, SessionOwners } from '../../../src/engine/primary/session-owners.ts';

test('a session is of the worker that opened it, until that is gone', () => {
  const owners = new SessionOwners();
  expect([owners.note('a', 1), owners.note('b', 2), owners.any]).toEqual([true, false, true]);
  expect([owners.of('a'), owners.of('b'), owners.of('c')]).toEqual([1, 2, undefined]);
  owners.gone(1);
  expect([owners.of('a'), owners.of('b')]).toEqual([undefined, 2]);
});

test('the oldest are forgotten over the bound', () => {
  const owners = new SessionOwners();
  for (let n = 0; n <= MAX_SESSIONS; n++) owners.note(`s${n}`, 1);
  expect([owners.of('s0'), owners.of('s1')]).toEqual([undefined, 1]);
});
