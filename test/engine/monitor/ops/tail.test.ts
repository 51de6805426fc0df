import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { MAX_STREAMS } from '../../../../src/engine/monitor/ops/streams.ts';
import { OPEN_MS, TailWatch } from '../../../../src/engine/monitor/ops/tail-watch.ts';
import type { FromMonitor } from '../../../../src/engine/monitor-messages.ts';
import type { TailEntry } from '../../../../src/engine/tail/entry.ts';
import { eventually } from '../../../cluster/server.ts';
import { type Fixture, fixture } from './fixture.ts';

const entry: TailEntry = {
  at: 1_000,
  method: 'GET',
  path: '/posts',
  query: '',
  route: '/posts',
  member: false,
  status: 503,
  outcome: 'refused',
  tookMs: 1.2,
  why: '3.1 s of work ahead, deadline 2.0 s',
  steps: [['arrival', 0, 0, 'here']],
};

describe('workers tell what they answer', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('only while somebody watches, which is renewed before it ends', () => {
    const sent: FromMonitor[] = [];
    const tail = new TailWatch((message) => sent.push(message));
    tail.watch(false);
    expect(sent).toEqual([]);
    tail.watch(true);
    tail.watch(true);
    expect(sent).toEqual([{ type: 'tail', forMs: OPEN_MS }]);
    jest.advanceTimersByTime(OPEN_MS);
    expect(sent.length).toBeGreaterThan(2);
    tail.watch(false);
    expect(sent.at(-1)).toEqual({ type: 'tail', forMs: 0 });
    const count = sent.length;
    jest.advanceTimersByTime(60_000);
    expect(sent.length).toBe(count);
  });

  test('and what cannot be read, or comes when nobody watches, is not shown', () => {
    const tail = new TailWatch(() => {});
    const batch = JSON.stringify([entry]);
    expect(tail.read({ type: 'tail', worker: 'worker-1', batch })).toBeUndefined();
    tail.watch(true);
    expect(tail.read({ type: 'tail', worker: 'worker-1', batch })).toEqual([{ ...entry, worker: 'worker-1' }]);
    expect(tail.read({ type: 'tail', worker: 'worker-1', batch: '{' })).toBeUndefined();
    const many = JSON.stringify(Array.from({ length: 21 }, () => entry));
    expect(tail.read({ type: 'tail', worker: 'worker-1', batch: many })).toBeUndefined();
    const spied = JSON.stringify([{ ...entry, cookie: 'session=1' }]);
    expect(tail.read({ type: 'tail', worker: 'worker-1', batch: spied })).toBeUndefined();
    tail.watch(false);
  });
});

describe('the stream of a dashboard', () => {
  let made: Fixture | undefined;
  afterEach(() => made?.close());

  /** Opens a stream; gives what came of it, and what closes it. */
  const open = async (path: string): Promise<{ text: () => string; close: () => void; status: number }> => {
    let text = '';
    const { port } = made!.server.address() as AddressInfo;
    return new Promise((resolve) => {
      const asked = get({ port, path, agent: false }, (response) => {
        response.on('data', (chunk) => (text += chunk)).on('error', () => {});
        resolve({ text: () => text, close: () => asked.destroy(), status: response.statusCode ?? 0 });
      });
      asked.on('error', () => {});
    });
  };

  test('has requests only where they are wanted, and counts among the streams', async () => {
    made = fixture();
    await new Promise<void>((resolve) => made!.server.listen(0, '127.0.0.1', resolve));
    const plain = await open('/ops/api/stream');
    const one = await open('/ops/api/stream?tail');
    const other = await open('/ops/api/stream?tail');
    made.ops.tellTail([{ ...entry, worker: 'worker-1' }]);
    made.ops.tellNews();
    for (const each of [plain, one, other]) await eventually(each.text, (text) => text.includes('event: news'));
    expect([plain, one, other].map(({ text }) => text().includes('3.1 s of work ahead'))).toEqual([false, true, true]);
    one.close();
    expect(made.tailing.at(-1)).toBe(true);
    other.close();
    await eventually(
      () => made!.tailing.at(-1),
      (watched) => watched === false,
    );
    await eventually(
      () => made!.ops.streams.size,
      (size) => size === 1,
    );
    for (let count = 1; count < MAX_STREAMS; count++) expect((await open('/ops/api/stream?tail')).status).toBe(200);
    expect((await open('/ops/api/stream?tail')).status).toBe(503);
  });
});
