import { describe, expect, test } from '@jest/globals';
import type { Job } from '../../../src/engine/admission/job.ts';
import { ShareQueue, WEIGHTS } from '../../../src/engine/admission/share-queue.ts';
import { PRIORITIES, type Priority } from '../../../src/engine/site.ts';
import { seeded } from './seeded.ts';

interface Named extends Job {
  id: number;
}
let ids = 0;
const job = (priority: Priority, costMs = 1): Named => ({ id: ids++, priority, costMs, queuedAt: ids });

/** Serves for `ms` while every given priority always has work waiting; the time that each got. */
function serve(ms: number, costs: Partial<Record<Priority, number>>): Record<Priority, number> {
  const queue = new ShareQueue<Named>();
  const got = { critical: 0, normal: 0, low: 0, background: 0 };
  for (const priority of PRIORITIES) if (costs[priority] !== undefined) queue.push(job(priority, costs[priority]));
  for (let now = 0; now < ms; ) {
    const next = queue.shift()!;
    got[next.priority] += next.costMs;
    now += next.costMs;
    queue.push(job(next.priority, next.costMs));
  }
  return got;
}

describe('shares', () => {
  test('are 8, 4, 2 and 1 while all have work, whatever a job costs', () => {
    const got = serve(15_000, { critical: 1, normal: 20, low: 5, background: 3 });
    for (const priority of PRIORITIES) {
      const due = WEIGHTS[priority] * 1_000;
      expect(Math.abs(got[priority] - due)).toBeLessThan(60);
    }
  });

  test('what one leaves the others have', () => {
    const got = serve(6_000, { normal: 5, low: 5 });
    expect(Math.abs(got.normal - 4_000)).toBeLessThan(20);
    expect(Math.abs(got.low - 2_000)).toBeLessThan(20);
    expect(serve(1_000, { background: 7 }).background).toBeGreaterThanOrEqual(1_000);
  });

  test('a request below its share waits for one running job only, however long the others wait', () => {
    const queue = new ShareQueue<Named>();
    for (let n = 0; n < 1_000; n++) queue.push(job('low', 5));
    for (let n = 0; n < 500; n++) queue.shift();
    const critical = job('critical', 5);
    queue.push(critical);
    expect(queue.shift()).toBe(critical);
  });

  test('nobody saves up: who was away for long gets no more than the share afterwards', () => {
    const queue = new ShareQueue<Named>();
    for (let n = 0; n < 1_000; n++) queue.push(job('normal', 1));
    for (let n = 0; n < 600; n++) queue.shift();
    for (let n = 0; n < 300; n++) queue.push(job('low', 1));
    const next = Array.from({ length: 90 }, () => queue.shift()!.priority);
    expect(Math.abs(next.filter((priority) => priority === 'low').length - 30)).toBeLessThanOrEqual(2);
  });
});

test('a line that had no room for long has its share again soon, and does not keep the others out', () => {
  const queue = new ShareQueue<Named>();
  for (let n = 0; n < 1_100; n++) queue.push(job('normal', 100));
  for (let n = 0; n < 100; n++) queue.push(job('low', 100));
  for (let n = 0; n < 1_000; n++) queue.shiftWhere(({ priority }) => priority === 'normal');
  const next = Array.from({ length: 60 }, () => queue.shift()!.priority);
  // A third of them is its share, and some it is behind by.
  expect(next.filter((priority) => priority === 'low').length).toBeLessThan(30);
});

describe('one line', () => {
  test('is first in, first out; a job leaves from anywhere', () => {
    const queue = new ShareQueue<Named>();
    const jobs = Array.from({ length: 5 }, () => job('normal'));
    for (const one of jobs) queue.push(one);
    expect([queue.remove(jobs[2]!), queue.remove(jobs[2]!), queue.has(jobs[2]!)]).toEqual([true, false, false]);
    expect(queue.remove(jobs[0]!)).toBe(true);
    expect(queue.remove(jobs[4]!)).toBe(true);
    expect(queue.oldestQueuedAt()).toBe(jobs[1]!.queuedAt);
    expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([jobs[1], jobs[3], undefined]);
    expect([queue.length, queue.workMs, queue.oldestQueuedAt()]).toEqual([0, 0, undefined]);
  });

  test('lets those go first for whom there is room, and keeps the others in order', () => {
    const queue = new ShareQueue<Named>();
    const [a, b, c] = [job('low'), job('low'), job('critical')];
    for (const one of [a, b, c]) queue.push(one);
    expect(queue.shiftWhere((one) => one === b)).toBe(b);
    expect(queue.shiftWhere(() => false)).toBeUndefined();
    expect([queue.shift(), queue.shift()]).toEqual([c, a]);
  });
});

test.each([1, 2, 3])('the wait that is foretold is the one that comes (seed %d)', (seed) => {
  const random = seeded(seed);
  for (let round = 0; round < 200; round++) {
    const queue = new ShareQueue<Named>();
    // Some history, so that the lines start at different virtual times.
    for (const priority of PRIORITIES)
      for (let n = 0; n < random() * 30; n++) queue.push(job(priority, 0.2 + random()));
    for (let n = 0; n < 10; n++) queue.shift();
    const last = job(PRIORITIES[Math.floor(random() * PRIORITIES.length)]!, 1);
    const foretoldMs = queue.aheadMs(last.priority);
    queue.push(last);
    let servedMs = 0;
    for (let next = queue.shift(); next !== last; next = queue.shift()) servedMs += next!.costMs;
    // Within the largest job of each other line, weighted at most.
    expect(Math.abs(servedMs - foretoldMs)).toBeLessThan(12);
  }
});

test.each([1, 2, 3])('what waits is known exactly, with jobs that leave (seed %d)', (seed) => {
  const random = seeded(seed);
  const queue = new ShareQueue<Named>();
  let model: Named[] = [];
  for (let step = 0; step < 5_000; step++) {
    const choice = random();
    if (choice < 0.5) {
      const one = job(PRIORITIES[Math.floor(random() * PRIORITIES.length)]!, random() * 10);
      queue.push(one);
      model.push(one);
    } else if (choice < 0.7 && model.length > 0) {
      const [gone] = model.splice(Math.floor(random() * model.length), 1);
      queue.remove(gone!);
    } else {
      const next = queue.shift();
      expect(next === undefined).toBe(model.length === 0);
      // Of its line it is the oldest.
      if (next !== undefined) expect(model.find(({ priority }) => priority === next.priority)).toBe(next);
      model = model.filter((one) => one !== next);
    }
    expect(queue.length).toBe(model.length);
    expect([...queue]).toEqual(model);
    expect(queue.workMs).toBeCloseTo(
      model.reduce((sum, { costMs }) => sum + costMs, 0),
      6,
    );
    const oldest = model.length === 0 ? undefined : Math.min(...model.map(({ queuedAt }) => queuedAt));
    expect(queue.oldestQueuedAt()).toBe(oldest);
  }
});

test('jobs that wait count as what is known of their kind by now', () => {
  const queue = new ShareQueue<Job>();
  const kind = { costMs: 180 };
  const job = (): Job => ({ priority: 'low', costMs: 180, kind, queuedAt: 0 });
  for (let n = 0; n < 5; n++) queue.push(job());
  expect(queue.aheadMs('low')).toBe(900);
  kind.costMs = 60;
  expect(queue.aheadMs('low')).toBe(300);
  expect(queue.newest('low')?.aheadMs).toBe(240);
  for (let n = 0; n < 5; n++) queue.shift();
  expect(queue.aheadMs('low')).toBe(0);
});
