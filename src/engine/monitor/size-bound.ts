import type { TrafficDb } from './traffic-db.ts';

/** What grows, and a condition that names a part of it: of each part the oldest tenth goes at once. */
const PARTS: readonly (readonly [table: string, condition: string])[] = [
  ['history_seconds', '1'],
  ['history_minutes', '1'],
  ['history_hours', '1'],
  ['latency_minutes', '1'],
  ['latency_hours', '1'],
  ['traffic', 'step = 60000'],
  ['traffic', 'step = 3600000'],
  ['traffic', 'step = 86400000'],
];
const MAX_ROUNDS = 5;

/** What the rows take, bytes: pages that were freed are used again, so the file does not grow beyond the most there ever was. */
export function usedBytes(db: TrafficDb): number {
  const value = (pragma: string): number => Number(db.pragma(pragma, { simple: true }));
  return (value('page_count') - value('freelist_count')) * value('page_size');
}

/** Lets the oldest go until the rows take at most `maxBytes`, or as far as one call may. Returns whether anything went. */
export function keepWithin(db: TrafficDb, maxBytes: number): boolean {
  let round = 0;
  while (round < MAX_ROUNDS && usedBytes(db) > maxBytes) {
    round += 1;
    db.transaction(() => {
      for (const [table, condition] of PARTS) {
        const count = db.prepare(`SELECT count(*) FROM ${table} WHERE ${condition}`).pluck().get() as number;
        db.prepare(
          `DELETE FROM ${table} WHERE ${condition} AND at < (SELECT at FROM ${table} WHERE ${condition} ORDER BY at LIMIT 1 OFFSET ?)`,
        ).run(Math.ceil(count / 10));
      }
    })();
  }
  return round > 0;
}
