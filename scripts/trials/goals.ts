/** What a trial promises, what was seen, and whether it held. */
export type Seen = readonly [goal: string, seen: string, held: boolean];

/** Prints them; whether all held. */
export function judged(all: readonly Seen[]): boolean {
  for (const [goal, seen, held] of all) console.log(`${held ? 'ok    ' : 'MISSED'} ${goal}: ${seen}`);
  return all.every(([, , held]) => held);
}
