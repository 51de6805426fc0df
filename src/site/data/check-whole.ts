import { statSync } from 'node:fs';
import { DatabaseDamagedError, type Db, isDamage } from './open.ts';

/** A larger file would hold up the start for more than some seconds; the backups read it whole, too. */
const MAX_BYTES = 536_870_912;

/**
 * Reads the whole database: damage in the middle is found before the start, and not by a visitor.
 * @throws {DatabaseDamagedError}
 */
export function checkWhole(db: Db): void {
  if (statSync(db.name).size > MAX_BYTES) return;
  let found: unknown;
  try {
    found = db.pragma('quick_check(1)', { simple: true });
  } catch (error) {
    if (isDamage(error)) throw new DatabaseDamagedError(db.name, error as Error);
    throw error;
  }
  if (found !== 'ok') throw new DatabaseDamagedError(db.name, new Error(String(found).replace(/\s+/g, ' ')));
}
