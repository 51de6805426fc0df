import type { Decision } from '../scaler.ts';

/** A decision as it is kept for the dashboard. */
export interface JournalEntry extends Decision {
  /** Epoch ms. */
  at: number;
  /** How often in a row it was taken with the same cause, and when last. */
  times: number;
  lastAt: number;
}

const MAX_ENTRIES = 200;

/**
 * Adds a decision, oldest entries out. Holding with the same cause goes on in the entry before; holding because
 * nothing calls for a step is not news. `news`: a line for the log and a count for the metric.
 */
export function writeJournal(journal: readonly JournalEntry[], decision: Decision, at: number): { journal: readonly JournalEntry[]; news: boolean } {
  if (decision.action === 'hold' && !decision.vetoed) return { journal, news: false };
  const last = journal.at(-1);
  if (decision.action === 'hold' && last !== undefined && last.action === 'hold' && last.cause === decision.cause && last.target === decision.target) {
    return { journal: [...journal.slice(0, -1), { ...last, times: last.times + 1, lastAt: at }], news: false };
  }
  return { journal: [...journal, { ...decision, at, times: 1, lastAt: at }].slice(-MAX_ENTRIES), news: true };
}
