import { expect, test } from '@jest/globals';
import { type Job, WorkQueue } from '../../../src/engine/admission/queue.ts';
import { PRIORITIES } from '../../../src/engine/site.ts';

/** mulberry32: the same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test.each([1, 2, 3])('does what a plain sorted list would do, with cancellations (seed %d)', (seed) => {
  const random = seeded(seed);
  const queue = new WorkQueue<Job & { id: number }>();
  let model: (Job & { id: number })[] = [];
  for (let step = 0; step < 5_000; step++) {
    const choice = random();
    if (choice < 0.5) {
      const priority = PRIORITIES[Math.floor(random() * PRIORITIES.length)]!;
      const job = {
        id: step,
        priority,
        costMs: random() * 10,
        queuedAt: step,
        deadlineAt: step + 100,
        cancelled: false,
      };
      queue.push(job);
      model.push(job);
    } else if (choice < 0.7 && model.length > 0) {
      const [gone] = model.splice(Math.floor(random() * model.length), 1);
      queue.cancel(gone!);
    } else {
      const level = (job: Job): number => PRIORITIES.indexOf(job.priority);
      const next = [...model].sort((a, b) => level(a) - level(b) || a.id - b.id)[0];
      expect(queue.shift()?.id).toBe(next?.id);
      model = model.filter((job) => job !== next);
    }
    expect(queue.length).toBe(model.length);
    for (const [at, priority] of PRIORITIES.entries()) {
      const ahead = model
        .filter((job) => PRIORITIES.indexOf(job.priority) <= at)
        .reduce((sum, job) => sum + job.costMs, 0);
      expect(queue.workAheadMs(priority)).toBeCloseTo(ahead, 6);
    }
    const oldest = model.length === 0 ? undefined : Math.min(...model.map(({ queuedAt }) => queuedAt));
    expect(queue.oldestQueuedAt()).toBe(oldest);
  }
});

test('visitors that leave do not pile up behind a busy higher priority', () => {
  const queue = new WorkQueue<Job>();
  const job = (): Job => ({ priority: 'low', costMs: 1, queuedAt: 0, deadlineAt: 1, cancelled: false });
  queue.push(job());
  for (let n = 0; n < 10_000; n++) {
    const gone = job();
    queue.push(gone);
    queue.cancel(gone);
  }
  const held = (queue as unknown as { jobs: Job[][] }).jobs.reduce((sum, level) => sum + level.length, 0);
  expect(queue.length).toBe(1);
  expect(held).toBeLessThan(200);
});
