import type { Beat } from './beats.ts';
import type { Link } from './link.ts';
import { createElu } from './metrics/elu.ts';
import { sampleLag } from './metrics/lag.ts';
import type { Recorder } from './metrics/recorder.ts';

/** What a process adds to the beat from its own knowledge. */
export type BeatDetails = Omit<
  Beat,
  'type' | 'resting' | 'lagP50Ms' | 'lagP99Ms' | 'lagMaxMs' | 'elu' | 'rssBytes' | 'heapBytes'
>;

export interface Rhythm {
  /** Time between two signs of life. */
  everyMs: number;
  /** Every so many signs one is a whole beat. */
  perBeat: number;
  /** The event loop is asked how late it is this often, ms. */
  sampleMs: number;
}

export interface Rhythms {
  awake: Rhythm;
  /** While nobody asks for anything: whoever comes first ends the rest, and is told to the primary at once. */
  resting: Rhythm;
  /** The same for a process that does not listen: nobody waits for its signs of life. */
  standingBy: Rhythm;
}

/**
 * A worker counts as blocked after 400 ms of silence at least: of signs every 50 ms a busy machine may hold up several.
 * Each sign also takes the core from the worker for as long as the primary looks at it (some 150 µs in all).
 */
export const WORKER_RHYTHMS: Rhythms = {
  awake: { everyMs: 50, perBeat: 2, sampleMs: 20 },
  resting: { everyMs: 200, perBeat: 5, sampleMs: 200 },
  standingBy: { everyMs: 1_000, perBeat: 1, sampleMs: 500 },
};
/** Nobody waits for the lifeboat's signs of life, though it listens: its end is seen by its exit. */
export const LIFEBOAT_RHYTHMS: Rhythms = {
  awake: { everyMs: 250, perBeat: 1, sampleMs: 20 },
  resting: { everyMs: 1_000, perBeat: 1, sampleMs: 500 },
  standingBy: { everyMs: 1_000, perBeat: 1, sampleMs: 500 },
};
/** So long nothing must have come before a process rests, ms. */
const REST_AFTER_MS = 2_000;
/**
 * Counters go to the primary once a second: what a killed process had counted since is lost. So does the resident
 * memory, whose reading costs some 50 µs.
 */
const FLUSH_EVERY_MS = 1_000;

export interface Beating {
  /** Somebody has come: the end of a rest. Costs nothing while there is none. */
  wake: () => void;
  stop: () => void;
}

/** Tells the primary in a steady rhythm how this process is, and that it is awake; silence is itself the signal "blocked". */
export function startBeating(link: Link, recorder: Recorder, rhythms: Rhythms, details: () => BeatDetails): Beating {
  const now = (): number => performance.now();
  let rhythm = rhythms.awake;
  const lag = sampleLag(rhythm.sampleMs);
  const elu = createElu();
  let memory = process.memoryUsage();
  let flushedAt = now();
  let pulses = 0;
  let arrived = 0;
  let quietSince = now();
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    flushedAt = now();
    const delta = recorder.flush();
    if (delta !== undefined) link.send(delta);
  };
  const change = (next: Rhythm): void => {
    rhythm = next;
    pulses = 0;
    lag.setEvery(rhythm.sampleMs);
    clearInterval(timer);
    timer = setInterval(sign, rhythm.everyMs);
  };
  const resting = (): boolean => rhythm !== rhythms.awake;
  /** Whether nothing has come for a while, and nothing is under way. */
  const isQuiet = (known: BeatDetails): boolean => {
    const busy = known.arrived !== arrived || known.inFlight > 0 || known.queued > 0 || known.poolRunning > 0;
    arrived = known.arrived;
    if (busy || known.poolQueued > 0) quietSince = now();
    return now() - quietSince >= REST_AFTER_MS;
  };
  const beat = (): void => {
    const known = details();
    const quiet = isQuiet(known);
    const flushDue = now() - flushedAt >= FLUSH_EVERY_MS;
    if (flushDue) memory = memoryNow(memory);
    const { p50Ms, p99Ms, maxMs } = lag.quantiles();
    link.send({
      type: 'beat',
      resting: quiet,
      lagP50Ms: p50Ms,
      lagP99Ms: p99Ms,
      lagMaxMs: maxMs,
      elu: elu(),
      rssBytes: memory.rss,
      heapBytes: memory.heapUsed,
      ...known,
    });
    if (flushDue) flush();
    const next = !quiet ? rhythms.awake : known.listening ? rhythms.resting : rhythms.standingBy;
    if (next !== rhythm) change(next);
  };
  const sign = (): void => {
    pulses += 1;
    if (pulses % rhythm.perBeat === 0) beat();
    else link.send({ type: 'pulse' });
  };
  change(rhythms.awake);

  return {
    wake() {
      if (!resting()) return;
      quietSince = now();
      change(rhythms.awake);
      beat();
    },
    stop() {
      clearInterval(timer);
      lag.stop();
      flush();
    },
  };
}

/** Reading it takes a file descriptor: where there is none left, what was known last. */
function memoryNow(last: NodeJS.MemoryUsage): NodeJS.MemoryUsage {
  try {
    return process.memoryUsage();
  } catch {
    return last;
  }
}
