import { migrate } from './migrate.ts';
import { DatabaseDamagedError, type Db, databasePath, isDamage, openWriter, PATIENT_TIMEOUT_MS } from './open.ts';

/**
 * The site's database at its newest version, made when missing: for the preparation before the start and for scripts.
 * @throws {DatabaseNewerError} written by a newer Tahan
 * @throws {DatabaseDamagedError}
 */
export function openMigrated(dataDir: string): Db {
  const db = openWriter(dataDir, PATIENT_TIMEOUT_MS);
  try {
    migrate(db);
  } catch (error) {
    db.close();
    if (isDamage(error)) throw new DatabaseDamagedError(databasePath(dataDir), error as Error);
    throw error;
  }
  return db;
}
