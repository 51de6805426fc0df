import type { OpsEvent, Sample } from '../../monitor-sample.ts';
import type { ActionResult, OperatorAction } from '../../operator-action.ts';
import type { TailEntry } from '../../tail/entry.ts';
import type { TrafficReport } from '../../traffic/report.ts';
import type { RouteLatency } from '../route-latency.ts';
import type { ViewChoices } from './view-choices.ts';

/** Epoch ms, `toMs` not included. */
export interface TimeRange {
  fromMs: number;
  toMs: number;
}

/** Points in time, epoch ms, and the values of each series at them; null: nothing is known of that time. */
export interface HistoryAnswer {
  stepMs: number;
  at: readonly number[];
  series: Readonly<Record<string, readonly (number | null)[]>>;
}

export interface AlertView {
  name: string;
  state: 'inactive' | 'pending' | 'firing' | 'resolved';
  severity: 'info' | 'warn' | 'critical';
  /** Epoch ms. */
  since: number;
  /** The sentence of the rule, filled in. */
  text: string;
  /** It fires still, but is not so any more since then, epoch ms; null: it is so. */
  quietSince: number | null;
  /** Epoch ms; 0: not muted. */
  mutedUntil: number;
}

export interface IncidentView {
  id: string;
  /** Epoch ms. */
  startedAt: number;
  /** Null: it goes on, and has no report yet. */
  endedAt: number | null;
  text: string;
  /** A CPU profile was taken meanwhile. */
  profile: boolean;
}

export type IncidentFormat = 'html' | 'md' | 'json' | 'cpuprofile';

/** A request as it was answered, and by whom. */
export interface ShownRequest extends TailEntry {
  worker: string;
}

/** How long the history reaches back, and what it takes. */
export interface StorageView {
  bytes: number;
  maxBytes: number;
  /** Of points of a second, a minute, an hour. */
  keptMs: { seconds: number; minutes: number; hours: number };
}

/** A file that an incident's report or a profile can be downloaded as. */
export interface Download {
  name: string;
  type: string;
  body: Buffer;
}

/** A planned event. `line`: all of it in words. */
export interface PlannedView {
  id: string;
  name: string;
  line: string;
}

/** What the scheduled stress runs say of what the machine can take. */
export interface StressView {
  /** `safe to about …`; empty: nothing was measured. */
  text: string;
  /** Why it no longer counts; empty: it does. */
  stale: string;
  /** The last ones, oldest first; visitors a second, the least and the most of the repeats too. */
  runs: readonly { at: number; version: string; perSecond: number; least: number; most: number }[];
  /** When the next one begins, epoch ms; null: none is planned. */
  next: number | null;
}

/** What the dashboard shows, and whom it asks to act. */
export interface OpsSource {
  latest: () => Sample | undefined;
  /** Samples of the last minute, oldest first. */
  recent: () => readonly Sample[];
  /** Each new sample; gives back what ends it. */
  subscribe: (listener: (sample: Sample) => void) => () => void;
  history: (range: TimeRange & { points: number }) => HistoryAnswer;
  events: (range: TimeRange) => readonly OpsEvent[];
  alerts: () => readonly AlertView[];
  incidents: () => readonly IncidentView[];
  /** The report of one incident; undefined: there is none of this name. */
  incident: (id: string, format: IncidentFormat) => Download | undefined;
  /** What came from where; undefined: nothing counts it. */
  traffic: (range: TimeRange) => TrafficReport | undefined;
  latency: (range: TimeRange) => readonly RouteLatency[];
  storage: () => StorageView;
  /** Whether somebody watches requests as they are answered. */
  watchTail: (watched: boolean) => void;
  /** What an operator chose to see. */
  view: () => ViewChoices;
  keepView: (choices: ViewChoices) => void;
  /** What `event list` says. */
  planned: () => readonly PlannedView[];
  stress: () => StressView;
  act: (action: OperatorAction, by: string) => Promise<ActionResult>;
}
