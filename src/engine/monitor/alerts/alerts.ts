import { type AlertChange, type AlertState, type EvaluateOptions, evaluate } from '../../alerts/evaluate.ts';
import type { Rule, View } from '../../alerts/rule.ts';
import { Window } from '../../alerts/window.ts';
import type { OpsEvent, Sample } from '../../monitor-sample.ts';
import type { TrafficDb } from '../traffic-db.ts';
import { AlertStore, MAX_MUTE_MS } from './alert-store.ts';

/** An alert as it is shown: its state, what it means, and until when it is muted (epoch ms). */
export interface ShownAlert extends AlertState {
  sentence: string;
  mutedUntil: number | undefined;
}

/** News of an alert, for those whom it is to be told. */
export interface AlertNews extends AlertChange {
  text: string;
}

export interface AlertsParts {
  db: TrafficDb;
  rules: readonly Rule[];
  options: EvaluateOptions;
  /** Puts a change in better words: who and why of a surge; undefined: the state's own are good. */
  explain: (change: AlertChange, sample: Sample) => string | undefined;
  /** In the transaction in which the state is kept: what is queued here is queued once, whatever dies when. */
  onNews: (news: AlertNews) => void;
  note: (event: OpsEvent) => void;
}

export interface Alerts {
  readonly window: Window;
  /** Every alert, the hardest first. */
  states: () => ShownAlert[];
  /** Names of the critical ones that fire. */
  critical: () => string[];
  /** Judges the rules on a sample. */
  judge: (sample: Sample, seen: Pick<View, 'disk' | 'stress'>) => AlertNews[];
  /**
   * No messages of this alert until then (epoch ms; not later than in 30 days); in the past: no longer muted. Returns
   * whether there is such an alert.
   */
  mute: (name: string, until: number) => boolean;
}

/** Judges the rules, keeps where each alert stands, and tells what is new. */
export function createAlerts({ db, rules, options, explain, onNews, note }: AlertsParts): Alerts {
  const store = new AlertStore(db);
  const window = new Window();
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  let states = store.states([...byName.keys()], Date.now());
  const mutes = store.mutes();

  const newsOf = (change: AlertChange, sample: Sample): AlertNews => ({
    ...change,
    text: change.kind === 'resolved' ? endOf(change.state) : (explain(change, sample) ?? change.state.text),
  });
  const keep = (next: Map<string, AlertState>, news: readonly AlertNews[], now: number): void => {
    for (const state of next.values()) if (isChanged(states.get(state.name), state)) store.save(state);
    for (const each of news) {
      const { rule, kind, state, at, text } = each;
      note({
        at,
        kind: 'alert',
        text: `${rule.name} ${kind === 'firing' ? 'fires' : 'is over'}: ${text}`,
        severity: kind === 'firing' ? state.severity : 'info',
        data: { alert: rule.name, id: state.id, state: kind },
      });
      if ((mutes.get(rule.name) ?? 0) <= now) onNews(each);
    }
  };

  return {
    window,
    states: () =>
      [...states.values()]
        .map((state) => ({
          ...state,
          sentence: byName.get(state.name)!.sentence,
          mutedUntil: mutes.get(state.name),
        }))
        .sort((a, b) => ORDER[a.phase] - ORDER[b.phase]),
    critical: () =>
      [...states.values()]
        .filter(({ phase, severity }) => phase === 'firing' && severity === 'critical')
        .map(({ name }) => name),
    judge(sample, seen) {
      window.add(sample.at, sample.seconds, sample.outcomes, sample.failedSignIns);
      const judged = evaluate(rules, states, { now: sample.at, sample, window, ...seen }, options);
      const news = judged.changes.map((change) => newsOf(change, sample));
      // With its words, so that they are shown as they were told.
      for (const { state, text, kind } of news)
        if (kind === 'firing') judged.states.set(state.name, { ...state, text });
      db.transaction(() => keep(judged.states, news, sample.at))();
      states = judged.states;
      return news;
    },
    mute(name, until) {
      if (!byName.has(name)) return false;
      const bounded = Math.min(until, Date.now() + MAX_MUTE_MS);
      store.mute(name, bounded);
      mutes.set(name, bounded);
      return true;
    },
  };
}

const ORDER = { firing: 0, pending: 1, resolved: 2, inactive: 3 } as const;

/** Its number changes with every sample: that alone is not worth a write. */
const isChanged = (before: AlertState | undefined, after: AlertState): boolean =>
  before === undefined ||
  before.phase !== after.phase ||
  before.since !== after.since ||
  before.severity !== after.severity ||
  before.told !== after.told ||
  before.clearSince !== after.clearSince;

function endOf({ firedAt, since, text }: AlertState): string {
  const seconds = Math.round((since - (firedAt ?? since)) / 1_000);
  return `over after ${seconds} s; it was: ${text}`;
}
