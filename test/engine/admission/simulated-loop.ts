import { AdaptiveLimit } from '../../../src/engine/admission/adaptive-limit.ts';
import { Deadline } from '../../../src/engine/admission/deadline.ts';
import { Dispatcher } from '../../../src/engine/admission/dispatcher.ts';
import type { Refusal, SiteJob } from '../../../src/engine/admission/job.ts';
import type { LearnedCosts } from '../../../src/engine/admission/route-costs.ts';
import { RouteWork } from '../../../src/engine/admission/route-work.ts';
import type { Priority } from '../../../src/engine/site.ts';
import { exponential, seeded } from './seeded.ts';

/** Requests of one kind that arrive at random (Poisson), or politely: so many visitors, each asks again when answered. */
export interface Stream {
  name: string;
  /** Its route; each has its own where none is named. */
  route?: string;
  priority: Priority;
  /** Mean time on the loop, ms, and how it is spread. */
  costMs: number;
  spread?: 'fixed' | 'exponential';
  /** Requests a second; or visitors. */
  rate?: number;
  visitors?: number;
  fromMs?: number;
  untilMs?: number;
}

export interface Outcome {
  offered: number;
  good: number;
  late: number;
  refused: number;
  /** By reason. */
  why: Partial<Record<Refusal, number>>;
  /** Latencies of answered requests, ms, ascending. */
  latencies: number[];
  /** Latencies of refusals, ms, ascending. */
  refusals: number[];
}

interface Arrival {
  at: number;
  stream: Stream;
}

export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;

/** An hour of a worker's event loop in a moment: the real dispatcher on a clock that jobs and arrivals move. */
export async function simulate(
  streams: readonly Stream[],
  { ms, seed, goodMs = 500, costs }: { ms: number; seed: number; goodMs?: number; costs?: LearnedCosts },
): Promise<Record<string, Outcome> & { loadRatio?: never }> {
  const random = seeded(seed);
  let now = 0;
  const turns: (() => void)[] = [];
  const dispatcher = new Dispatcher({
    floors: { critical: 200, normal: 100, low: 50, background: 20 },
    deadlineMs: 2_000,
    maxStreams: 10,
    dryRun: false,
    onRefusal: () => {},
    now: () => now,
    nextTurn: (callback) => turns.push(callback),
  });
  const results: Record<string, Outcome> = {};
  const works = new Map<string, RouteWork>();
  const due: Arrival[] = [];
  for (const stream of streams) {
    const route = stream.route ?? stream.name;
    if (!works.has(route)) works.set(route, new RouteWork(new AdaptiveLimit({ initial: 256, min: 1, max: 256 })));
    results[stream.name] = { offered: 0, good: 0, late: 0, refused: 0, why: {}, latencies: [], refusals: [] };
    const { fromMs = 0, untilMs = ms, rate, visitors = 0 } = stream;
    for (let n = 0; n < visitors; n += 1) due.push({ at: fromMs, stream });
    if (rate === undefined) continue;
    for (let at = fromMs; at < untilMs; at += exponential(random, 1_000 / rate)) due.push({ at, stream });
  }
  for (const cost of costs?.routes ?? []) works.get(cost.name)?.expect(cost, now);
  if (costs?.unit) dispatcher.unit.expect(costs.unit, now);
  due.sort((a, b) => a.at - b.at);
  let next = 0;
  const again: Arrival[] = [];

  const arrive = ({ at, stream }: Arrival): void => {
    const result = results[stream.name]!;
    result.offered += 1;
    const costMs = stream.spread === 'exponential' ? exponential(random, stream.costMs) : stream.costMs;
    const ended = (): void => {
      if (stream.visitors !== undefined && now < (stream.untilMs ?? ms)) again.push({ at: now, stream });
    };
    const refuse = (why: Refusal): void => {
      result.refused += 1;
      result.why[why] = (result.why[why] ?? 0) + 1;
      result.refusals.push(now - at);
      ended();
    };
    const work = works.get(stream.route ?? stream.name)!;
    const deadline = new Deadline(now);
    const job: SiteJob = {
      priority: stream.priority,
      costMs: work.costMs,
      kind: work,
      queuedAt: now,
      get deadlineAt() {
        return deadline.at(dispatcher.gate.withinMs({}));
      },
      boundMs: 0,
      work,
      run() {
        now += costMs;
        result.latencies.push(now - at);
        if (now - at <= goodMs) result.good += 1;
        else result.late += 1;
        ended();
        return Promise.resolve('done');
      },
      refuse,
    };
    // A quick look at an arriving request costs some time of the loop, too.
    now += 0.03;
    dispatcher.noteArrival(0.03);
    const why = dispatcher.offer(job);
    if (why !== undefined) refuse(why);
  };

  while (now < ms || turns.length > 0) {
    const [turn] = turns.splice(0, 1);
    turn?.();
    await Promise.resolve();
    for (const visit of again.splice(0)) arrive(visit);
    while (next < due.length && due[next]!.at <= now) arrive(due[next++]!);
    if (turns.length > 0) continue;
    if (next < due.length) now = Math.max(now, due[next]!.at);
    else break;
  }
  for (const { latencies, refusals } of Object.values(results)) {
    latencies.sort((a, b) => a - b);
    refusals.sort((a, b) => a - b);
  }
  return results;
}
