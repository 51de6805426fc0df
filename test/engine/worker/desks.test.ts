import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Downward, Upward } from '../../../src/engine/beats.ts';
import type { Link } from '../../../src/engine/link.ts';
import { createLeaseClient, MAX_ASKED } from '../../../src/engine/pages/leases.ts';
import { createPurger } from '../../../src/engine/pages/purger.ts';

/** A link whose primary is the test. */
function fakeLink() {
  const sent: Upward[] = [];
  const listeners = new Map<string, (message: never, handle: undefined) => void>();
  const link: Link = {
    send: (message) => sent.push(message),
    on: (type, listener) => listeners.set(type, listener as never),
  };
  return { link, sent, tell: (message: Downward) => listeners.get(message.type)?.(message as never, undefined) };
}

// Nothing here may come of a time-out but what says so.
beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] }));
afterEach(() => void jest.useRealTimers());

describe('the client of the leases', () => {
  test('is needed beside other workers', () => {
    let serving = 1;
    const desk = createLeaseClient(fakeLink().link, () => serving);
    expect(desk.needed).toBe(false);
    serving = 2;
    expect(desk.needed).toBe(true);
  });

  test('asks the primary, and knows whether to render when that is told', async () => {
    const { link, sent, tell } = fakeLink();
    const desk = createLeaseClient(link, () => 2);
    const [mine, theirs] = [desk.ask('mine'), desk.ask('theirs')];
    expect(sent).toMatchObject([
      { type: 'lease', key: 'mine' },
      { type: 'lease', key: 'theirs' },
    ]);
    tell({ type: 'leased', key: 'theirs', granted: false });
    tell({ type: 'leased', key: 'mine', granted: true });
    tell({ type: 'freed', key: 'theirs', stored: true });
    expect(await Promise.all([mine, theirs])).toEqual([true, false]);
    desk.release('mine', true);
    expect(sent.at(-1)).toEqual({ type: 'release', key: 'mine', stored: true });
  });

  test('renders at once when the primary says nothing for 250 ms: it is held up, and visitors must not be', async () => {
    const { link, sent, tell } = fakeLink();
    const desk = createLeaseClient(link, () => 2);
    let renders: boolean | undefined;
    const asked = desk.ask('a').then((granted) => {
      renders = granted;
    });
    await jest.advanceTimersByTimeAsync(249);
    expect(renders).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    await asked;
    expect(renders).toBe(true);
    // What it says later is of no use to anybody.
    tell({ type: 'leased', key: 'a', granted: true });
    expect(sent.at(-1)).toEqual({ type: 'release', key: 'a', stored: false });
  });

  test('renders itself when the worker that was to render has not for two seconds', async () => {
    const { link, tell } = fakeLink();
    const desk = createLeaseClient(link, () => 2);
    let renders: boolean | undefined;
    const asked = desk.ask('a').then((granted) => {
      renders = granted;
    });
    tell({ type: 'leased', key: 'a', granted: false });
    await jest.advanceTimersByTimeAsync(1_999);
    expect(renders).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    await asked;
    expect(renders).toBe(false);
  });

  test('is not needed while as many pages wait for a lease as may', async () => {
    const { link, tell } = fakeLink();
    const desk = createLeaseClient(link, () => 2);
    const asked = Array.from({ length: MAX_ASKED }, (_, n) => desk.ask(`${n}`));
    expect(desk.needed).toBe(false);
    for (const n of asked.keys()) tell({ type: 'freed', key: `${n}`, stored: false });
    await Promise.all(asked);
    expect(desk.needed).toBe(true);
  });

  test('gives back what is granted when nobody waits for it any more', () => {
    const { link, sent, tell } = fakeLink();
    createLeaseClient(link, () => 2);
    tell({ type: 'leased', key: 'late', granted: true });
    expect(sent).toEqual([{ type: 'release', key: 'late', stored: false }]);
  });
});

describe('the purger', () => {
  const start = (store: () => Promise<void> = () => Promise.resolve()) => {
    const fake = fakeLink();
    const steps: string[] = [];
    const purger = createPurger({
      link: {
        ...fake.link,
        send(message) {
          steps.push(message.type);
          fake.link.send(message);
        },
      },
      memory: (tags, hard) => steps.push(`memory ${tags.join()} ${hard}`),
      store: (tags, hard) => {
        steps.push(`store ${tags.join()} ${hard}`);
        return store();
      },
    });
    return { ...fake, purger, steps };
  };

  test('purges its memory at once, then the store, then tells the others and waits for them', async () => {
    const { purger, steps, sent, tell } = start();
    let done = false;
    const purging = purger.purge(['posts', 'home'], true).then(() => {
      done = true;
    });
    expect(steps).toEqual(['memory posts,home true', 'store posts,home true']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(steps.at(-1)).toBe('purge');
    const message = sent[0] as Extract<Upward, { type: 'purge' }>;
    expect(message).toMatchObject({ tags: ['posts', 'home'], hard: true });
    tell({ type: 'purged', id: 'another' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    tell({ type: 'purged', id: message.id });
    await purging;
  });

  test('does what another process asks, and says so', () => {
    const { steps, sent, tell } = start();
    tell({ type: 'purge', id: 'x', tags: ['a'], hard: false, at: 1 });
    expect(steps).toEqual(['memory a false', 'purged']);
    expect(sent).toEqual([{ type: 'purged', id: 'x' }]);
  });

  test('has nothing to do without tags, and takes no more than 1000', async () => {
    const { purger, steps } = start();
    await purger.purge([], false);
    expect(steps).toEqual([]);
    await expect(purger.purge(Array.from({ length: 1_001 }, String), false)).rejects.toThrow('1000 tags, not 1001');
  });

  test('waits no longer than 1.5 s for the others', async () => {
    let done = false;
    const purging = start()
      .purger.purge(['a'], true)
      .then(() => {
        done = true;
      });
    await jest.advanceTimersByTimeAsync(1_499);
    expect(done).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await purging;
  });

  test('tells a failure of the store to who purged', async () => {
    const { purger, sent } = start(() => Promise.reject(new Error('disk full')));
    await expect(purger.purge(['a'], true)).rejects.toThrow('disk full');
    expect(sent).toEqual([]);
  });
});
