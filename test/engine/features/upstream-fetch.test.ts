import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { currentRequest } from '../../../src/engine/current-request.ts';
import { RetryBudget } from '../../../src/engine/features/retry-budget.ts';
import { createUpstreamFetch, MAX_CALLS } from '../../../src/engine/features/upstream-fetch.ts';

const answers = (...given: (number | Error)[]) => {
  let calls = 0;
  return {
    calls: () => calls,
    async fetch() {
      const next = given[Math.min(calls, given.length - 1)]!;
      calls += 1;
      if (next instanceof Error) throw next;
      return new Response('x', { status: next });
    },
  };
};
const URL_A = 'http://a.test/x';

describe('context.fetch', () => {
  test('passes the trace of its request on, at each try', async () => {
    const given: (string | null)[] = [];
    const fetch = createUpstreamFetch({
      async fetch(_, init) {
        given.push(new Headers(init?.headers).get('traceparent'));
        return new Response('x', { status: given.length === 1 ? 503 : 200 });
      },
    });
    const trace = { id: 'a', traceparent: '00-a-b-01', tracestate: undefined };
    await currentRequest.run({ priority: 'normal', flight: undefined, trace }, () => fetch(URL_A));
    await fetch(URL_A);
    expect(given).toEqual([trace.traceparent, trace.traceparent, null]);
  });

  test('tries an idempotent call again, and no other', async () => {
    const get = answers(new Error('reset'), 503, 200);
    expect((await createUpstreamFetch(get)(URL_A)).status).toBe(200);
    expect(get.calls()).toBe(3);
    const post = answers(503, 200);
    expect((await createUpstreamFetch(post)(URL_A, { method: 'POST' })).status).toBe(503);
    expect(post.calls()).toBe(1);
    const keyed = answers(503, 200);
    const headers = { 'Idempotency-Key': 'k' };
    expect((await createUpstreamFetch(keyed)(URL_A, { method: 'POST', headers })).status).toBe(200);
  });

  test('gives the last answer, or the last error, when no try is left', async () => {
    expect((await createUpstreamFetch(answers(502))(URL_A)).status).toBe(502);
    await expect(createUpstreamFetch(answers(new Error('reset')))(URL_A)).rejects.toThrow('reset');
    expect((await createUpstreamFetch(answers(500))(URL_A)).status).toBe(500);
  });

  test('retries a tenth of its calls when much fails', async () => {
    const busy = answers(503);
    // Each call has an origin of its own, so that no breaker ends the trial.
    const fetch = createUpstreamFetch({ ...busy, budget: new RetryBudget(0.1, 0) });
    for (let call = 0; call < 100; call++) await fetch(`http://h${call}.test/`);
    expect(busy.calls()).toBe(110);
  });

  test('leaves an origin that fails again and again alone; others are asked', async () => {
    const down = answers(new Error('reset'));
    const fetch = createUpstreamFetch({ fetch: down.fetch, budget: new RetryBudget(0, 0) });
    for (let call = 0; call < 5; call++) await expect(fetch(URL_A)).rejects.toThrow('reset');
    await expect(fetch(URL_A)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', status: 503 });
    await expect(fetch('http://b.test/')).rejects.toThrow('reset');
    expect(down.calls()).toBe(6);
  });

  test('ends with the deadline of the request on whose behalf it is made', async () => {
    const hanging = (_url: unknown, { signal }: RequestInit = {}): Promise<Response> =>
      new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
    const fetch = createUpstreamFetch({ fetch: hanging as typeof globalThis.fetch });
    const current = { priority: 'low' as const, flight: undefined, deadlineAt: performance.now() + 200 };
    const began = performance.now();
    await expect(currentRequest.run(current, () => fetch(URL_A))).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  test('makes a bounded number of calls to an origin at a time', async () => {
    let underWay = 0;
    let most = 0;
    const fetch = createUpstreamFetch({
      async fetch() {
        underWay += 1;
        most = Math.max(most, underWay);
        await wait(10);
        underWay -= 1;
        return new Response('x');
      },
    });
    const all = await Promise.allSettled(Array.from({ length: 200 }, () => fetch(URL_A)));
    expect(most).toBe(MAX_CALLS);
    expect(all.filter(({ status }) => status === 'rejected').length).toBe(200 - 2 * MAX_CALLS);
  });
});
