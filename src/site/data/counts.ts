import type { Db } from './open.ts';
import { statement } from './statement.ts';
import type { SiteCounts } from './types.ts';

/** How many there are of everything; kept by triggers. */
export function siteCounts(db: Db): SiteCounts {
  const counts: SiteCounts = { users: 0, posts: 0, likes: 0 };
  for (const row of statement<{ name: keyof SiteCounts; value: number }>(db, 'SELECT name, value FROM counts').all()) {
    counts[row.name] = row.value;
  }
  return counts;
}
