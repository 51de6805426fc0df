import type { Sample, Severity } from '../monitor-sample.ts';
import type { StressTrend } from '../stress/trend.ts';
import type { Window } from './window.ts';

/** What a rule looks at. */
export interface View {
  /** Epoch ms. */
  now: number;
  sample: Sample;
  window: Window;
  /** Of the data folder's file system; undefined: not known. */
  disk: { freeBytes: number; totalBytes: number } | undefined;
  /** The last scheduled stress run beside those before; undefined: there are too few. */
  stress?: StressTrend | undefined;
}

/** Numbers of a rule, by name; `TAHAN_ALERTS` may change them. */
export type Limits = Readonly<Record<string, number>>;

/** What a signal remembers of the time when it began to fire. */
export type Memory = Readonly<Record<string, number>>;

export interface Reading {
  severity: Severity | undefined;
  value: number;
  /** What is so, as a sentence without a full stop. */
  text: string;
  memory?: Memory;
}

/** Says how things are; `severity` undefined: as they should be. `firing`: what it remembered when it began to fire. */
export type Signal = (view: View, limits: Limits, firing: Memory | undefined) => Reading;

export interface Rule {
  name: string;
  signal: Signal;
  /** It must be so for this long, and no longer be so for this long, seconds. */
  for: number;
  clear: number;
  /** The hardest it can be. */
  severity: Severity;
  limits: Limits;
  /** What it means and what to do, for the one who is woken by it. */
  sentence: string;
}
