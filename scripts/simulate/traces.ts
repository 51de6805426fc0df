import type { Machine } from './vm.ts';

/** A load over time on a machine. `load` gives requests per second at a second of the trace. */
export interface Trace {
  name: string;
  seconds: number;
  machine: Machine;
  min: number;
  max: number;
  spare: number;
  load: (seconds: number) => number;
  /** When the load rises, s: the reaction is counted from there. */
  risesAt?: number;
}

const HOUR = 3_600;
/** 5 ms a request: one worker serves 200 a second. */
const CAPACITY = 200;
const cpuBound: Machine = { cores: 2, workMs: 5 };
const fleet = { min: 1, max: 2, spare: 1 };
const step = (at: number, before: number, after: number) => (seconds: number) =>
  CAPACITY * (seconds < at ? before : after);
const sine = (periodS: number, mean: number, swing: number) => (seconds: number) =>
  CAPACITY * (mean + swing * Math.sin((2 * Math.PI * seconds) / periodS));

/** A day of a site: quiet nights, a rise at eight, a peak in the evening, and a campaign at noon for ten minutes. */
const day = (seconds: number): number => {
  const hour = (seconds / HOUR) % 24;
  const curve = 0.15 + 0.5 * Math.max(0, Math.sin((Math.PI * (hour - 6)) / 17)) + (hour > 19 && hour < 22 ? 0.4 : 0);
  return CAPACITY * (hour >= 12 && hour < 12 + 1 / 6 ? 1.8 : curve);
};

export const TRACES: readonly Trace[] = [
  { name: 'step', seconds: 120, machine: cpuBound, ...fleet, load: step(30, 0.2, 1.6), risesAt: 30 },
  {
    name: 'ramp',
    seconds: 300,
    machine: cpuBound,
    ...fleet,
    load: (s) => CAPACITY * Math.min(1.6, 0.1 + s / 120),
  },
  { name: 'sine 30 s', seconds: 600, machine: cpuBound, ...fleet, load: sine(30, 0.8, 0.7) },
  { name: 'sine 4 min', seconds: 4 * HOUR, machine: cpuBound, ...fleet, load: sine(240, 0.6, 0.55) },
  {
    name: 'spike',
    seconds: 300,
    machine: cpuBound,
    ...fleet,
    load: (s) => CAPACITY * (s >= 60 && s < 65 ? 3 : 0.3),
    risesAt: 60,
  },
  {
    name: 'flapping',
    seconds: 2 * HOUR,
    machine: cpuBound,
    ...fleet,
    load: (s) => CAPACITY * (s % 160 < 60 ? 1.4 : 0.2),
  },
  {
    name: 'panic, 8 cores',
    seconds: 120,
    machine: { ...cpuBound, cores: 8 },
    min: 1,
    max: 8,
    spare: 1,
    load: step(30, 0.3, 6),
    risesAt: 30,
  },
  { name: 'CPU-bound at max', seconds: 300, machine: cpuBound, ...fleet, load: step(10, 0.2, 5), risesAt: 10 },
  {
    name: 'noisy neighbour',
    seconds: 300,
    machine: { ...cpuBound, neighbourCores: () => 1 },
    ...fleet,
    load: step(30, 0.2, 1.6),
    risesAt: 30,
  },
  {
    name: 'steal',
    seconds: 300,
    machine: { ...cpuBound, stealCores: (s) => (s < 150 ? 0.8 : 0) },
    ...fleet,
    load: step(30, 0.2, 1.6),
    risesAt: 30,
  },
  {
    name: 'lock-bound',
    seconds: 300,
    machine: { cores: 4, workMs: 3, lockMs: 5, lockTaken: 0.3 },
    min: 1,
    max: 4,
    spare: 1,
    load: step(30, 0.2, 2),
    risesAt: 30,
  },
  {
    name: 'lock-bound later',
    seconds: 300,
    machine: { cores: 4, workMs: 5, lockMs: 5 },
    min: 1,
    max: 4,
    spare: 1,
    load: step(30, 0.2, 2),
    risesAt: 30,
  },
  {
    name: 'upstream-bound',
    seconds: 300,
    machine: { cores: 4, workMs: 1, upstreamPerSecond: 150 },
    min: 1,
    max: 4,
    spare: 1,
    load: step(30, 0.2, 2),
    risesAt: 30,
  },
  {
    name: 'memory-bound',
    seconds: 300,
    machine: { cores: 4, workMs: 5, memoryBytes: 4e8, workerBytes: 1.2e8 },
    min: 1,
    max: 4,
    spare: 1,
    load: step(30, 0.2, 3),
    risesAt: 30,
  },
  { name: 'day', seconds: 24 * HOUR, machine: { ...cpuBound, cores: 4 }, min: 1, max: 4, spare: 1, load: day },
];

export const traceNamed = (name: string): Trace => {
  const found = TRACES.find((trace) => trace.name === name);
  if (found === undefined)
    throw new RangeError(`no trace "${name}"; there are: ${TRACES.map((trace) => trace.name).join(', ')}`);
  return found;
};
