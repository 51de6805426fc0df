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
/** A veto seen again within this time goes on in its entry, though others came between, ms. */
const SAME_MS = 60_000;

/**
 * Adds a decision, oldest entries out. A veto with the same cause goes on in its entry; holding because nothing calls
 * for a step is not kept. `news`: worth a line in the log and one in the metric.
 */
export function writeJournal(
  journal: readonly JournalEntry[],
  decision: Decision,
  at: number,
): { journal: readonly JournalEntry[]; news: boolean } {
  if (decision.action === 'hold' && !decision.vetoed) return { journal, news: false };
  const isSame = (entry: JournalEntry | undefined): boolean =>
    entry?.action === decision.action && entry.cause === decision.cause && at - entry.lastAt < SAME_MS;
  // A step that comes twice running was not carried out: the scaler is only observed.
  const same =
    decision.action === 'hold' ? journal.findLastIndex(isSame) : isSame(journal.at(-1)) ? journal.length - 1 : -1;
  const entry = journal[same];
  if (entry !== undefined && entry.target === decision.target) {
    return { journal: journal.with(same, { ...entry, times: entry.times + 1, lastAt: at }), news: false };
  }
  return { journal: [...journal, { ...decision, at, times: 1, lastAt: at }].slice(-MAX_ENTRIES), news: true };
}
