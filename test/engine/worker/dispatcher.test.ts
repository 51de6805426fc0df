import { describe, expect, test } from '@jest/globals';
import { AdaptiveLimit } from '../../../src/engine/resilience/adaptive-limit.ts';
import { CoDel } from '../../../src/engine/resilience/codel.ts';
import type { Priority } from '../../../src/engine/site.ts';
import { Dispatcher, type SiteJob } from '../../../src/engine/worker/dispatcher.ts';
import { RouteWork } from '../../../src/engine/worker/route-work.ts';

const BOUNDS = { critical: 200, normal: 100, low: 50, background: 20 };
const codel = (): Record<Priority, CoDel> => ({
  critical: new CoDel(),
  normal: new CoDel(),
  low: new CoDel(),
  background: new CoDel(),
});

/** A dispatcher on the real event loop with a clock that only jobs move. */
function set(options: { dryRun?: boolean } = {}) {
  const clock = { now: 1_000 };
  const refused: string[] = [];
  const dispatcher = new Dispatcher({
    bounds: { boundMs: BOUNDS },
    codel: codel(),
    dryRun: options.dryRun ?? false,
    now: () => clock.now,
    onRefusal: (priority, why, dryRun) => refused.push(`${priority} ${why}${dryRun ? ' dry' : ''}`),
  });
  const work = new RouteWork(new AdaptiveLimit({ initial: 16, min: 1, max: 16 }));
  work.observeCost(10, clock.now);
  const ran: string[] = [];
  const job = (name: string, priority: Priority = 'normal', more: Partial<SiteJob> = {}): SiteJob => ({
    priority,
    costMs: 10,
    queuedAt: clock.now,
    deadlineAt: clock.now + 2_000,
    cancelled: false,
    work,
    run() {
      ran.push(name);
      clock.now += 10;
      return Promise.resolve('done');
    },
    refuse: (why) => ran.push(`${name} ${why}`),
    ...more,
  });
  return { clock, dispatcher, job, ran, refused, work };
}

const turns = async (count = 200): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('the dispatcher', () => {
  test('runs critical before normal before low, each first in first out', async () => {
    const { dispatcher, job, ran } = set();
    for (const [name, priority] of [
      ['low 1', 'low'],
      ['normal 1', 'normal'],
      ['critical 1', 'critical'],
      ['low 2', 'low'],
      ['critical 2', 'critical'],
    ] as const) {
      expect(dispatcher.offer(job(name, priority))).toBeUndefined();
    }
    await turns();
    expect(ran).toEqual(['critical 1', 'critical 2', 'normal 1', 'low 1', 'low 2']);
  });

  test('lets in work up to the bound of a priority and the burst budget, and then refuses', () => {
    const { dispatcher, job, refused } = set();
    let admitted = 0;
    while (dispatcher.offer(job('low', 'low')) === undefined) admitted += 1;
    // 50 ms of bound hold six jobs of 10 ms (the sixth finds 50 ms ahead), the burst budget four or five more.
    expect(admitted).toBeGreaterThanOrEqual(6);
    expect(admitted).toBeLessThanOrEqual(11);
    expect(refused).toEqual(['low queue']);
    expect(dispatcher.wouldRefuse({ priority: 'low', costMs: 10 })).toBe(true);
    expect(dispatcher.wouldRefuse({ priority: 'critical', costMs: 10 })).toBe(false);
  });

  test('waits for arriving visitors before the next job, but not for ever', async () => {
    const { dispatcher, job, ran } = set();
    dispatcher.offer(job('job'));
    for (let turn = 0; turn < 20; turn++) {
      dispatcher.noteArrival(0.05);
      await turns(1);
    }
    expect(ran).toEqual([]);
    for (let turn = 0; turn < 100; turn++) {
      dispatcher.noteArrival(0.05);
      await turns(1);
    }
    expect(ran).toEqual(['job']);
  });

  test('drops what is past its deadline, and what nobody waits for any more costs nothing', async () => {
    const { clock, dispatcher, job, ran, refused } = set();
    const gone = job('gone');
    dispatcher.offer(job('late', 'normal', { deadlineAt: clock.now + 5 }));
    dispatcher.offer(gone);
    dispatcher.offer(job('last'));
    dispatcher.cancel(gone);
    expect(dispatcher.queue.length).toBe(2);
    clock.now += 6;
    await turns();
    expect(ran).toEqual(['late expired', 'last']);
    expect(refused).toEqual(['normal expired']);
  });

  test('refuses what cannot be done before its deadline behind what is queued', () => {
    const { clock, dispatcher, job } = set();
    for (let n = 0; n < 5; n++) dispatcher.offer(job('queued'));
    expect(dispatcher.offer(job('short', 'normal', { deadlineAt: clock.now + 40 }))).toBe('deadline');
  });

  test('a dry run counts and refuses nothing', async () => {
    const { dispatcher, job, ran, refused } = set({ dryRun: true });
    for (let n = 0; n < 30; n++) expect(dispatcher.offer(job('job', 'low'))).toBeUndefined();
    await turns(3_000);
    expect(ran.filter((name) => name === 'job')).toHaveLength(30);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((line) => line.endsWith('dry'))).toBe(true);
  });

  test('jobs of a route that wait for something leave the loop to others, up to the limit of the route', async () => {
    const { dispatcher, job, ran, work } = set();
    const ends: (() => void)[] = [];
    const slow = (name: string): SiteJob =>
      job(name, 'normal', {
        costMs: 0.1,
        run() {
          ran.push(name);
          return new Promise((resolve) => ends.push(() => resolve('done')));
        },
      });
    for (let n = 0; n < 20; n++) dispatcher.offer(slow(`slow ${n}`));
    await turns(500);
    expect(ran).toHaveLength(16);
    expect([dispatcher.inFlight, work.waiting]).toEqual([16, 4]);
    for (const end of ends.splice(0)) end();
    await turns(500);
    expect(ran).toHaveLength(20);
  });
});
