import type { FleetEvent, FleetSample } from './fleet-watch.ts';
import type { Judged } from './thresholds/evaluate.ts';

/** `void`: the generator was late, or the machine busier than when the capacity was found: it says nothing of the server. `skipped`: not run, and why. */
export type Status = 'passed' | 'failed' | 'void' | 'skipped';

/** A step of the time series: counts by when visitors came, and what those who were served waited. */
export interface Point {
  offered: number;
  good: number;
  lastGood: number;
  refused: number;
  failed: number;
  p50Ms: number | null;
  p99Ms: number | null;
}

/** A route, or a step of a journey. */
export interface RouteRow {
  name: string;
  offered: number;
  good: number;
  lastGood: number;
  refused: number;
  failed: number;
  p50Ms: number | null;
  p99Ms: number | null;
}

export interface ScenarioResult {
  name: string;
  title: string;
  text: string;
  status: Status;
  /** Why it is void or skipped. */
  reason?: string;
  thresholds: Judged[];
  seconds: number;
  bucketMs: number;
  series: Point[];
  routes: RouteRow[];
  fleet: FleetSample[];
  events: FleetEvent[];
  /** Numbers that two runs are compared by; larger is worse, unless the name ends in "rate" or "/s". One for each repeat. */
  numbers: Record<string, number[]>;
  generator?: { sendLagP99Ms: number; utilisation: number };
  /** Share of the machine's CPU time that went to other programs, 0 to 1: during this run, and while the capacity was found. */
  others?: { share: number; atCapacity: number };
}

/** What one kind of page costs, and how many of it a second are served in time. */
export interface RouteCapacity {
  name: string;
  path: string;
  perSecond: number;
  /** CPU time of the server for each, ms; one for each repeat. */
  costMs: number[];
  /** The generator could not send more: the server may be able to do more. */
  atLeast: boolean;
}

export interface StressReport {
  schema: 1;
  tahan: string;
  startedAt: string;
  seconds: number;
  command: string;
  seed: number;
  /** Ended by a person before it was done. */
  partial: boolean;
  machine: { cpu: string; cores: number; memoryMb: number; node: string; kernel: string; busyPercent: number };
  target: string;
  data: string;
  capacity: {
    /** Requests per second of the mix that are served in time; undefined: nothing was measured. */
    mixPerSecond: number | undefined;
    mix: string;
    routes: RouteCapacity[];
    /** Share of the CPU time that other programs took meanwhile, 0 to 1. */
    others: number;
  };
  scenarios: ScenarioResult[];
  passed: boolean;
}

/** Whether nothing failed, and a run is void: what it shows is the machine, and not the server. */
export function wasDisturbed({ scenarios, partial }: Pick<StressReport, 'scenarios' | 'partial'>): boolean {
  const has = (wanted: Status): boolean => scenarios.some(({ status }) => status === wanted);
  return !partial && has('void') && !has('failed');
}

/** Whether a run has shown that all holds: each scenario that could be run has passed, and at least one was. */
export function hasPassed({ scenarios, partial }: Pick<StressReport, 'scenarios' | 'partial'>): boolean {
  const ran = scenarios.filter(({ status }) => status !== 'skipped');
  return !partial && ran.length > 0 && ran.every(({ status }) => status === 'passed');
}
