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
const PULSE_EVERY_MS = 25;
const PULSES_PER_BEAT = 4;
/** Counters go to the primary with every tenth beat: what a killed process had counted since is lost. */
const BEATS_PER_FLUSH = 10;
/** Reading the resident memory costs some 50 µs: once a second is enough. */
const BEATS_PER_MEMORY = 10;

/** Tells the primary every 100 ms how this process is, and every 25 ms that it is awake; silence is itself the signal "blocked". */
export function startBeating(link: Link, recorder: Recorder, details: () => BeatDetails): { stop: () => void } {
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
    if (pulses % PULSES_PER_BEAT !== 0) {
      link.send({ type: 'pulse' });
      return;
    }
    beats += 1;
    if (beats % BEATS_PER_MEMORY === 0) memory = process.memoryUsage();
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
    if (beats % BEATS_PER_FLUSH === 0) flush();
  }, PULSE_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      lag.stop();
      flush();
    },
  };
}
