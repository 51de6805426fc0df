import { expect, test } from '@jest/globals';
import type { Mode } from '../../../src/engine/beats.ts';
import { PageMemory } from '../../../src/engine/cache/memory.ts';
import type { Page } from '../../../src/engine/cache/page.ts';
import { Compressor, RETRY_MS } from '../../../src/engine/worker/compressor.ts';
import { pageFor } from '../cache/fixtures/page-of.ts';

/** A compressor with a pool whose tasks end when told to. */
function set() {
  const clock = { now: 1_000 };
  const state: { mode: Mode } = { mode: 'calm' };
  const memory = new PageMemory({ maxBytes: 1_000_000, maxEntryBytes: 100_000 });
  const stored: Page[] = [];
  const tasks: PromiseWithResolvers<unknown>[] = [];
  const compressor = new Compressor(
    {
      run<Output>() {
        const task = Promise.withResolvers<unknown>();
        tasks.push(task);
        return task.promise as Promise<Output>;
      },
    },
    { memory, put: (page) => stored.push(page) },
    state,
    () => clock.now,
  );
  const page = pageFor('/a', { tags: ['news'] });
  memory.set(page);
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, state, memory, stored, tasks, compressor, page, settled };
}
const CODINGS = { gzip: new Uint8Array(10), br: new Uint8Array(9) };

test('a page is compressed once, and goes into the store so', async () => {
  const { tasks, compressor, page, stored, settled } = set();
  compressor.compress(page);
  compressor.compress(page);
  tasks[0]!.resolve(CODINGS);
  await settled();
  compressor.compress(page);
  expect(tasks).toHaveLength(1);
  expect(stored.map(({ bodies }) => bodies.br?.length)).toEqual([9]);
});

test('a compression that failed is tried again, a moment later', async () => {
  const { clock, tasks, compressor, page, stored, settled } = set();
  compressor.compress(page);
  tasks[0]!.reject(new Error('no room'));
  await settled();
  compressor.compress(page);
  expect(tasks).toHaveLength(1);
  clock.now += RETRY_MS;
  compressor.compress(page);
  tasks[1]!.resolve(CODINGS);
  await settled();
  expect(stored).toHaveLength(1);
});

test('nothing is compressed while the server is saturated', () => {
  const { state, tasks, compressor, page } = set();
  state.mode = 'saturated';
  compressor.compress(page);
  state.mode = 'busy';
  compressor.compress(page);
  expect(tasks).toHaveLength(1);
});

test.each<[string, boolean, (boolean | undefined)[]]>([
  ['taken back meanwhile does not go into the store', true, []],
  ['purged meanwhile goes into the store as one that is', false, [true]],
])('a page that was %s', async (_name, hard, expected) => {
  const { memory, tasks, compressor, page, stored, settled } = set();
  compressor.compress(page);
  memory.purge(['news'], hard, page.renderStartedAt);
  tasks[0]!.resolve(CODINGS);
  await settled();
  expect(stored.map(({ purged }) => purged)).toEqual(expected);
});
