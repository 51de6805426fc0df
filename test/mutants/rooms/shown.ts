import type { Mutant } from '../mutant.ts';

const HISTORY = 'engine/monitor/history.test.ts';
const LATENCY = { file: 'monitor/route-latency.ts', test: 'engine/monitor/route-latency.test.ts' };
const PLACES = { file: 'monitor/worker-places.ts', test: HISTORY };
const SIZE = { file: 'monitor/size-bound.ts', test: HISTORY };
const STORE = { file: 'monitor/history-store.ts', test: HISTORY };
const MARKS = { file: 'primary/mode-marks.ts', test: 'engine/primary/mode-marks.test.ts' };
const SAMPLING = { file: 'primary/sampling.ts', test: 'engine/primary/sampling.test.ts' };
const TALLY = { file: 'primary/tally.ts', test: 'engine/primary/sampling.test.ts' };
const ENDING = { file: 'primary/kept-process.ts', test: 'engine/primary/monitor-process.test.ts' };
const TRACES = { file: 'metrics/recorder.ts', test: 'engine/metrics/recorder.test.ts' };
const LOG = { file: 'primary/log-size.ts', test: 'engine/bin/logs.test.ts' };
const TOP = { file: 'bin/top-lines.ts', test: 'engine/bin/top-lines.test.ts' };
const STATUS = { file: 'request/status-page.ts', test: 'engine/request/engine-routes.test.ts' };

/** What the operator is shown, and how much of it is kept. */
export const SHOWN: readonly Mutant[] = [
  {
    ...LATENCY,
    name: 'any number of routes has latencies',
    text: 'this.routes.size < MAX_ROUTES - 1 || ',
    to: 'true || ',
  },
  { ...LATENCY, name: 'latencies of hours are kept for ever', text: 'at - this.hoursKeptMs', to: '0' },
  { ...PLACES, name: 'any number of workers has a line', text: 'if (free >= MAX_PLACES) break;', to: '' },
  { ...SIZE, name: 'the history takes any size', text: 'usedBytes(db) > maxBytes', to: 'false' },
  { ...STORE, name: 'points are kept for ever', text: 'now - keepMs[name]', to: '0' },
  { ...MARKS, name: 'each flicker of the mode is marked', text: 'isSoft && now', to: 'false && now' },
  { ...SAMPLING, name: 'a sample tells any number of holds', text: '.slice(0, MAX_HOLDS)', to: '' },
  { ...TALLY, name: 'a sample tells any number of routes', text: '.slice(0, MAX_SAMPLE_ROUTES - 1)', to: '' },
  { ...ENDING, name: 'a monitor that does not end is waited for', text: "last.kill('SIGKILL')", to: 'undefined' },
  { ...TRACES, name: 'any number of traces is told', text: 'this.exemplars.size < MAX_EXEMPLARS || ', to: 'true || ' },
  { ...LOG, name: 'the kept log grows', text: 'if (size <= maxBytes) return;', to: 'return;' },
  { ...TOP, name: 'the glance is longer than the terminal', text: 'if (lines.length <= rows) return', to: 'return' },
  { ...TOP, name: 'what visitors send steers the terminal', text: 'plain(line)', to: 'line' },
  { ...STATUS, name: 'the status page is made for each visitor', text: 'now() - madeAt >= KEPT_MS', to: 'true' },
];
