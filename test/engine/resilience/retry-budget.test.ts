import { expect, test } from '@jest/globals';
import { RetryBudget } from '../../../src/engine/resilience/retry-budget.ts';

const withdrawAll = (budget: RetryBudget, now: number): number => {
  let retries = 0;
  while (retries < 10_000 && budget.withdraw(now)) retries += 1;
  return retries;
};

test('one retry for ten calls', () => {
  const budget = new RetryBudget({ minPerSecond: 0 });
  expect(budget.withdraw(0)).toBe(false);
  for (let call = 0; call < 1_000; call++) budget.deposit(call);
  expect(withdrawAll(budget, 1_000)).toBe(100);
});

test('when everything fails, retries add a tenth to the load', () => {
  const budget = new RetryBudget({ minPerSecond: 0 });
  let retries = 0;
  for (let now = 0; now < 60_000; now += 1) {
    budget.deposit(now);
    if (budget.withdraw(now)) retries += 1;
  }
  expect(retries).toBeGreaterThan(5_900);
  expect(retries).toBeLessThanOrEqual(6_000);
});

test('a few retries a second are allowed to those who call rarely', () => {
  const budget = new RetryBudget({ minPerSecond: 2 });
  expect(withdrawAll(budget, 0)).toBe(20);
  expect(withdrawAll(budget, 5_000)).toBe(0);
  expect(withdrawAll(budget, 10_000)).toBe(20);
});

test('calls of more than 10 s ago allow nothing any more', () => {
  const budget = new RetryBudget({ minPerSecond: 0 });
  for (let call = 0; call < 100; call++) budget.deposit(0);
  expect(budget.withdraw(9_999)).toBe(true);
  expect(budget.withdraw(10_000)).toBe(false);
  expect(budget.withdraw(1_000_000)).toBe(false);
});
