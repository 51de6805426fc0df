import type { Severity } from '../monitor-sample.ts';
import type { Limits, Memory, Reading, Rule, View } from './rule.ts';

export type AlertPhase = 'inactive' | 'pending' | 'firing' | 'resolved';

/** Where an alert stands; kept over restarts. Times epoch ms. */
export interface AlertState {
  name: string;
  phase: AlertPhase;
  /** Since when it is in this phase. */
  since: number;
  /** Of its firing; empty: it has never fired. */
  id: string;
  severity: Severity;
  /** What was so when it fired, or is so now. */
  text: string;
  value: number;
  firedAt: number | undefined;
  /** Since when it is no longer so, while it fires. */
  clearSince: number | undefined;
  /** The firing was told; so its end is to be told, too. */
  told: boolean;
  /** When a firing of it was last told. */
  toldAt: number | undefined;
  memory: Memory | undefined;
}

/** Something to tell: an alert fires, became worse, or is over. */
export interface AlertChange {
  kind: 'firing' | 'resolved';
  state: AlertState;
  rule: Rule;
  at: number;
}

export interface EvaluateOptions {
  /** No second message of the same alert within this time, seconds. */
  holdSeconds: number;
  /** Limits and times of a rule. */
  tuned: (rule: Rule) => { off: boolean; for: number; clear: number; limits: Limits };
}

export const inactive = (name: string, now: number): AlertState => ({
  name,
  phase: 'inactive',
  since: now,
  id: '',
  severity: 'info',
  text: '',
  value: 0,
  firedAt: undefined,
  clearSince: undefined,
  told: false,
  toldAt: undefined,
  memory: undefined,
});

const WEIGHT: Record<Severity, number> = { info: 0, warn: 1, critical: 2 };

/**
 * Judges every rule: the states after it, and what is to be told. An alert fires when it was so for the rule's time, and is
 * over when it was not so for its clearing time; whatever comes and goes between is no news. One that fires again within
 * the hold is told when the hold is over, if it still fires. Pure.
 */
export function evaluate(
  rules: readonly Rule[],
  states: ReadonlyMap<string, AlertState>,
  view: View,
  options: EvaluateOptions,
): { states: Map<string, AlertState>; changes: AlertChange[] } {
  const next = new Map<string, AlertState>();
  const changes: AlertChange[] = [];
  for (const rule of rules) {
    const before = states.get(rule.name) ?? inactive(rule.name, view.now);
    const tuned = options.tuned(rule);
    const reading = tuned.off
      ? { severity: undefined, value: 0, text: '' }
      : rule.signal(view, tuned.limits, before.phase === 'firing' ? (before.memory ?? {}) : undefined);
    const { state, tell } = step(before, reading, view.now, { ...tuned, hold: options.holdSeconds });
    next.set(rule.name, state);
    if (tell !== undefined) changes.push({ kind: tell, state, rule, at: view.now });
  }
  return { states: next, changes };
}

interface Times {
  for: number;
  clear: number;
  hold: number;
}
type Step = { state: AlertState; tell?: AlertChange['kind'] };

function step(before: AlertState, reading: Reading, now: number, times: Times): Step {
  if (before.phase === 'firing') return whileFiring(before, reading, now, times);
  const { severity, value, text, memory } = reading;
  if (severity === undefined) {
    if (before.phase === 'inactive') return { state: { ...before, value } };
    const isOld = before.phase === 'resolved' && now - before.since > times.hold * 1_000;
    if (before.phase === 'resolved' && !isOld) return { state: { ...before, value } };
    return {
      state: { ...before, phase: before.firedAt === undefined || isOld ? 'inactive' : 'resolved', since: now, value },
    };
  }
  const pendingSince = before.phase === 'pending' ? before.since : now;
  const pending: AlertState = {
    ...before,
    phase: 'pending',
    since: pendingSince,
    severity,
    value,
    text,
    memory: before.phase === 'pending' ? (before.memory ?? memory) : memory,
  };
  if (now - pendingSince < times.for * 1_000) return { state: pending };
  const fired: AlertState = {
    ...pending,
    phase: 'firing',
    since: now,
    id: `${before.name}-${now}`,
    firedAt: now,
    clearSince: undefined,
    told: false,
  };
  return tellFiring(fired, now, times);
}

/** A firing is told once, not within the hold of the one before. */
function tellFiring(state: AlertState, now: number, { hold }: Times): Step {
  if (state.toldAt !== undefined && now - state.toldAt < hold * 1_000) return { state };
  return { state: { ...state, told: true, toldAt: now }, tell: 'firing' };
}

function whileFiring(before: AlertState, { severity, value, text }: Reading, now: number, times: Times): Step {
  if (severity !== undefined) {
    const isWorse = WEIGHT[severity] > WEIGHT[before.severity];
    // Its words stay as they were told, its number goes on.
    const state = { ...before, value, clearSince: undefined };
    if (before.told && !isWorse) return { state };
    const step = tellFiring({ ...state, text, severity: isWorse ? severity : before.severity }, now, times);
    // Within the hold it stays as it is, so that it is told as worse later.
    return step.tell === undefined && before.told ? { state } : step;
  }
  const clearSince = before.clearSince ?? now;
  if (now - clearSince < times.clear * 1_000) return { state: { ...before, value, clearSince } };
  const state: AlertState = {
    ...before,
    phase: 'resolved',
    since: now,
    value,
    clearSince: undefined,
    memory: undefined,
  };
  return before.told ? { state, tell: 'resolved' } : { state };
}
