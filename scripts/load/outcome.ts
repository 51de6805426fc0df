import type { ResponseHead } from './response-parser.ts';
import type { Outcome } from './tally.ts';

/** What an answer is worth to the one who asked; `undefined` is none at all. */
export function outcomeOf(
  head: ResponseHead | undefined,
  latencyMs: number,
  { deadlineMs, expect = 200 }: { deadlineMs: number; expect?: number },
): Outcome {
  if (head === undefined) return 'reset';
  if (head.status === 503) return 'refused';
  if (head.status !== expect) return 'failed';
  return latencyMs <= deadlineMs ? 'good' : 'late';
}

/** Whether an answer says that it is a last good copy, served in need (RFC 9211). */
export const isLastGood = (head: ResponseHead | undefined): boolean => head?.text.includes('detail=last-good') === true;
