import type { Beat } from './beats.ts';
import type { Link } from './link.ts';
import { createElu } from './metrics/elu.ts';
import { sampleLag } from './metrics/lag.ts';
import type { Recorder } from './metrics/recorder.ts';

/** What a process adds to the beat from its own knowledge. */
export type BeatDetails = Omit<Beat, 'type' | 'lagP50Ms' | 'lagP99Ms' | 'lagMaxMs' | 'elu' | 'rssBytes' | 'heapBytes'>;

/**
 * Signs of life come every 25 ms and every fourth is a whole beat: the lifeboat must join within 150 ms of a block, and
 * a busy worker on a shared core is easily 40 ms late with a beat, but hardly 90 ms with four pulses.
 */
export const WORKER_RHYTHM: Rhythm = { everyMs: 25, perBeat: 4 };
/** Nobody waits for the lifeboat's signs of life: its end is seen by its exit. */
export const LIFEBOAT_RHYTHM: Rhythm = { everyMs: 250, perBeat: 1 };
/**
 * Counters go to the primary once a second: what a killed process had counted since is lost. So does the resident
 * memory, whose reading costs some 50 µs.
 */
const FLUSH_EVERY_MS = 1_000;

export interface Rhythm {
  /** Time between two signs of life. */
  everyMs: number;
  /** Every so many signs one is a whole beat. */
  perBeat: number;
}

/** Tells the primary in a steady rhythm how this process is, and that it is awake; silence is itself the signal "blocked". */
export function startBeating(
  link: Link,
  recorder: Recorder,
  { everyMs, perBeat }: Rhythm,
  details: () => BeatDetails,
): { stop: () => void } {
  const beatsPerFlush = Math.round(FLUSH_EVERY_MS / (everyMs * perBeat));
  const lag = sampleLag();
  const elu = createElu();
  let memory = process.memoryUsage();
  let beats = 0;
  let pulses = 0;
  const flush = (): void => {
    const delta = recorder.flush();
    if (delta !== undefined) link.send(delta);
  };
  const timer = setInterval(() => {
    pulses += 1;
    if (pulses % perBeat !== 0) {
      link.send({ type: 'pulse' });
      return;
    }
    beats += 1;
    if (beats % beatsPerFlush === 0) memory = process.memoryUsage();
    const { p50Ms, p99Ms, maxMs } = lag.quantiles();
    link.send({
      type: 'beat',
      lagP50Ms: p50Ms,
      lagP99Ms: p99Ms,
      lagMaxMs: maxMs,
      elu: elu(),
      rssBytes: memory.rss,
      heapBytes: memory.heapUsed,
      ...details(),
    });
    if (beats % beatsPerFlush === 0) flush();
  }, everyMs);
  return {
    stop() {
      clearInterval(timer);
      lag.stop();
      flush();
    },
  };
}
