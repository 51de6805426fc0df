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

/** What is asked for work: `room` pieces of work are done at once, the others wait in the upstream in order of arrival. */
export interface Upstream {
  /** Asked anew whenever work may begin, so that it may change with time. */
  room: (now: number) => number;
  /** Time of one piece of work that begins at `now`, ms. Infinity: it never ends, and holds no room. */
  serviceMs: (now: number) => number;
  /** The answer of work that began at `now` is an error. */
  fails?: (now: number) => boolean;
}

export interface Limiter {
  readonly limit: number;
  observe: (sample: { now: number; latencyMs: number; inFlight: number; dropped: boolean }) => void;
}

export interface SimulatedSecond {
  /** Answered well, within the deadline. */
  good: number;
  /** Errors, and work given up at its deadline. */
  dropped: number;
  /** Got no place within `patienceMs`. */
  refused: number;
  /** Mean time from the start of the work to its end, of the good ones, ms. */
  latencyMs: number;
  /** Least and greatest limit of the second. */
  leastLimit: number;
  greatestLimit: number;
}

export interface Surge {
  limiter: Limiter;
  upstream: Upstream;
  seconds: number;
  /** Arrivals a second (Poisson). */
  offered: (now: number) => number;
  random: () => number;
  /** Counted from the start of the work; at the deadline the place is free again, but the work stays in the upstream. */
  deadlineMs?: number;
  /** So long a visitor waits for a place before the visitor is refused. */
  patienceMs?: number;
}

interface Work {
  startedAt: number;
  inFlight: number;
  open: boolean;
}

/** Events in order of time: a binary heap. */
class Agenda {
  private readonly heap: { at: number; run: () => void }[] = [];

  get nextAt(): number {
    return this.heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  add(at: number, run: () => void): void {
    const { heap } = this;
    let index = heap.push({ at, run }) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (heap[above]!.at <= at) break;
      [heap[above], heap[index]] = [heap[index]!, heap[above]!];
      index = above;
    }
  }

  take(): () => void {
    const { heap } = this;
    const { run } = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return run;
    heap[0] = last;
    for (let index = 0; ; ) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      let least = index;
      if (left < heap.length && heap[left]!.at < heap[least]!.at) least = left;
      if (right < heap.length && heap[right]!.at < heap[least]!.at) least = right;
      if (least === index) return run;
      [heap[least], heap[index]] = [heap[index]!, heap[least]!];
      index = least;
    }
  }
}

/** Simulates visitors who arrive at random, a limit on the work in flight, and an upstream; the clock is simulated, too. */
export function simulate(surge: Surge): SimulatedSecond[] {
  const { limiter, upstream, random, offered, deadlineMs = 2_000, patienceMs = 250 } = surge;
  const agenda = new Agenda();
  const seconds: SimulatedSecond[] = [];
  const waiting: number[] = [];
  const queue: Work[] = [];
  let working = 0;
  let inFlight = 0;
  let now = 0;
  let second = emptySecond(limiter.limit);
  let latencySum = 0;

  const end = (work: Work, dropped: boolean): void => {
    if (!work.open) return;
    work.open = false;
    inFlight -= 1;
    const latencyMs = now - work.startedAt;
    limiter.observe({ now, latencyMs, inFlight: work.inFlight, dropped });
    second.leastLimit = Math.min(second.leastLimit, limiter.limit);
    second.greatestLimit = Math.max(second.greatestLimit, limiter.limit);
    if (dropped) second.dropped += 1;
    else {
      second.good += 1;
      latencySum += latencyMs;
    }
    letIn();
  };
  const serve = (): void => {
    while (queue.length > 0 && working < upstream.room(now)) {
      const work = queue.shift()!;
      const serviceMs = upstream.serviceMs(now);
      const fails = upstream.fails?.(now) ?? false;
      if (serviceMs === Number.POSITIVE_INFINITY) continue;
      working += 1;
      agenda.add(now + serviceMs, () => {
        working -= 1;
        end(work, fails);
        serve();
      });
    }
  };
  const letIn = (): void => {
    while (waiting.length > 0) {
      if (now - waiting[0]! > patienceMs) {
        waiting.shift();
        second.refused += 1;
      } else if (inFlight < limiter.limit) {
        waiting.shift();
        inFlight += 1;
        const work: Work = { startedAt: now, inFlight, open: true };
        queue.push(work);
        agenda.add(now + deadlineMs, () => end(work, true));
      } else return;
    }
  };
  const arrive = (): void => {
    waiting.push(now);
    letIn();
    serve();
    agenda.add(now - (Math.log(1 - random()) * 1_000) / offered(now), arrive);
  };

  agenda.add(0, arrive);
  for (let secondEnd = 1_000; secondEnd <= surge.seconds * 1_000; secondEnd += 1_000) {
    while (agenda.nextAt < secondEnd) {
      now = agenda.nextAt;
      agenda.take()();
      serve();
    }
    second.latencyMs = second.good === 0 ? 0 : latencySum / second.good;
    seconds.push(second);
    second = emptySecond(limiter.limit);
    latencySum = 0;
  }
  return seconds;
}

function emptySecond(limit: number): SimulatedSecond {
  return { good: 0, dropped: 0, refused: 0, latencyMs: 0, leastLimit: limit, greatestLimit: limit };
}
