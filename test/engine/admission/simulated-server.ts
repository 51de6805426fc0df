/** What is being served: `parallel` pieces of work at once, the others wait in order of arrival. */
export interface ServerModel {
  parallel: number;
  /** Time of one piece of work, ms. */
  serviceMs: () => number;
}

export interface Limiter {
  readonly limit: number;
  observe: (sample: { now: number; latencyMs: number; inFlight: number }) => void;
}

export interface SimulatedSecond {
  /** Mean limit. */
  limit: number;
  /** Pieces of work done in the second. */
  done: number;
}

/** A repeatable stand-in for Math.random (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Work {
  startedAt: number;
  inFlight: number;
  endsAt: number;
}

/**
 * Simulates a server under a limit, whose visitors never run out unless `offered` bounds how many want in at once.
 * `model` is asked anew at each start, so that it may change with time.
 */
export function simulate(
  limiter: Limiter,
  seconds: number,
  model: (now: number) => ServerModel,
  offered: (now: number) => number = () => Number.POSITIVE_INFINITY,
): SimulatedSecond[] {
  const result: SimulatedSecond[] = [];
  const waiting: Work[] = [];
  const working: Work[] = [];
  let now = 0;
  let done = 0;
  let limits = 0;
  let steps = 0;
  for (let second = 1; second <= seconds; second++) {
    while (now < second * 1_000) {
      let inFlight = waiting.length + working.length;
      while (inFlight < limiter.limit && inFlight < offered(now)) {
        inFlight += 1;
        waiting.push({ startedAt: now, inFlight, endsAt: 0 });
      }
      const { parallel, serviceMs } = model(now);
      while (working.length < parallel && waiting.length > 0) {
        const work = waiting.shift()!;
        work.endsAt = now + serviceMs();
        working.push(work);
      }
      working.sort((a, b) => a.endsAt - b.endsAt);
      const next = working.shift();
      if (next === undefined) {
        now += 1;
        continue;
      }
      now = Math.max(now, next.endsAt);
      limiter.observe({ now, latencyMs: now - next.startedAt, inFlight: next.inFlight });
      done += 1;
      limits += limiter.limit;
      steps += 1;
    }
    result.push({ limit: steps === 0 ? limiter.limit : limits / steps, done });
    done = 0;
    limits = 0;
    steps = 0;
  }
  return result;
}
