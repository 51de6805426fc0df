import { request } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { currentRequest } from '../../../src/engine/current-request.ts';
import type { Site } from '../../../src/engine/site.ts';
import { type TailEntry, tailBatchSchema } from '../../../src/engine/tail/entry.ts';
import { Tail } from '../../../src/engine/tail/tail.ts';
import { pageFor } from '../cache/fixtures/page-of.ts';
import { closeGate, startWorker, type TestWorker, until } from './fixtures/worker.ts';

let worker: TestWorker | undefined;
let tail: Tail;
afterEach(async () => {
  tail.watch(0, 1);
  await worker?.close();
});

async function start(site: Partial<Site>, quick = true, deadlineMs = 2_000): Promise<TestWorker> {
  tail = new Tail();
  worker = await startWorker({
    site: { handler: (_request, response) => response.end('site'), ...site },
    quick,
    tail,
    deadlineMs,
  });
  return worker;
}

/** What was told of the one request that was answered since. */
async function told(): Promise<TailEntry> {
  let text: string | undefined;
  await until(() => {
    text = tail.take();
    return text !== undefined;
  });
  const entries = tailBatchSchema.parse(JSON.parse(text!));
  expect(entries.length).toBe(1);
  return entries[0]!;
}
const namesOf = ({ steps }: TailEntry): string[] => steps.map(([name]) => name);
const wordsOf = ({ steps }: TailEntry, step: string): string | undefined => steps.find(([name]) => name === step)?.[3];

const policies = [{ route: '/cached', cache: { ttlMs: 60_000 } }];

describe.each([
  ['before the HTTP parser', true],
  ['through node:http', false],
])('while somebody watches, an answer is told with its way, %s', (_way, quick) => {
  test('a copy of the cache', async () => {
    const { get, memory } = await start({ policies }, quick);
    memory.set(pageFor('\n\n/cached', { renderStartedAt: Date.now(), renderMs: 0 }));
    await get('/cached');
    expect(tail.take()).toBeUndefined();
    tail.watch(10_000, 20);
    await get('/cached?token=secret-value');
    const entry = await told();
    expect(entry).toMatchObject({ path: '/cached', query: 'token=…', route: '/cached', outcome: 'fresh', why: '' });
    expect(namesOf(entry)).toEqual(['arrival', 'cache', 'answer']);
    expect(wordsOf(entry, 'cache')).toContain('a fresh copy');
  });

  test('a refusal says how much work was ahead', async () => {
    const made = await start({}, quick);
    await closeGate(made);
    tail.watch(10_000, 20);
    await made.get('/who');
    const entry = await told();
    expect(entry).toMatchObject({ status: 503, outcome: 'refused' });
    expect(entry.why).toMatch(/^\d+ s of work ahead/);
    expect(namesOf(entry)).toEqual(['arrival', 'cache', 'gate', 'answer']);
  });

  test('a page whose render finds no room, too', async () => {
    const made = await start({ policies }, quick);
    await closeGate(made);
    tail.watch(10_000, 20);
    await made.get('/cached');
    expect((await told()).why).toMatch(/^\d+ s of work ahead/);
  });
});

describe('the way of a request', () => {
  test('goes by queue, site and pool', async () => {
    const { get } = await start({
      handler: (_request, response) => {
        const flight = currentRequest.getStore()!.flight!;
        flight.poolMs += 7;
        flight.tasks.push('markdown');
        setTimeout(() => response.end('site'), 20);
      },
    });
    tail.watch(10_000, 20);
    await get('/');
    const entry = await told();
    expect(namesOf(entry)).toEqual(['arrival', 'cache', 'gate', 'queue', 'site', 'pool', 'answer']);
    expect(wordsOf(entry, 'pool')).toBe('7.0 ms, waits included: markdown');
    expect(wordsOf(entry, 'gate')).toBe('let in: nothing ahead, deadline 2.0 s');
    const [, from, to] = entry.steps.find(([name]) => name === 'site')!;
    expect(to - from).toBeGreaterThan(15);
  });

  test('of a page that is rendered goes by the render’s queue and the site', async () => {
    const { get } = await start({ policies, handler: (_request, response) => response.end('page') });
    tail.watch(10_000, 20);
    await get('/cached');
    const entry = await told();
    expect(entry.outcome).toBe('rendered');
    expect(namesOf(entry)).toEqual(['arrival', 'cache', 'gate', 'queue', 'site', 'answer']);
  });

  test('of a form begins with its body', async () => {
    const { port } = await start({});
    tail.watch(10_000, 20);
    await new Promise((resolve) => {
      const sent = request({ port, method: 'POST', path: '/', agent: false }, (response) => {
        response.resume().on('end', resolve);
      });
      sent.flushHeaders();
      setTimeout(() => sent.end('a=b'), 30);
    });
    const [, from, to] = (await told()).steps.find(([name]) => name === 'body')!;
    expect([from, to > 20]).toEqual([0, true]);
  });

  test('of one that is late says that the site was not done', async () => {
    const { get } = await start({ handler: () => {} }, true, 100);
    tail.watch(10_000, 20);
    expect((await get('/')).status).toBe(503);
    expect((await told()).why).toMatch(/^the site was not done after .* deadline 100 ms$/);
  });
});
