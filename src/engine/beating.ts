import type { Beat } from './beats.ts';
import type { Link } from './link.ts';
import { createElu } from './metrics/elu.ts';
import { sampleLag } from './metrics/lag.ts';
import type { Recorder } from './metrics/recorder.ts';

/** What a process adds to the beat from its own knowledge. */
export type BeatDetails = Omit<Beat, 'type' | 'lagP50Ms' | 'lagP99Ms' | 'lagMaxMs' | 'elu' | 'rssBytes' | 'heapBytes'>;

const BEAT_EVERY_MS = 100;
/** Counters go to the primary with every tenth beat: what a killed process had counted since is lost. */
const BEATS_PER_FLUSH = 10;
/** Reading the resident memory costs some 50 µs: once a second is enough. */
const BEATS_PER_MEMORY = 10;

/** Tells the primary every 100 ms how this process is; a missing beat is itself the signal "blocked". */
export function startBeating(link: Link, recorder: Recorder, details: () => BeatDetails): { stop: () => void } {
  const lag = sampleLag();
  const elu = createElu();
  let memory = process.memoryUsage();
  let beats = 0;
  const flush = (): void => {
    const delta = recorder.flush();
    if (delta !== undefined) link.send(delta);
  };
  const timer = setInterval(() => {
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
  }, BEAT_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      lag.stop();
      flush();
    },
  };
}
