import type { PrepareContext } from '../engine/site.ts';
import { checkWhole } from './data/check-whole.ts';
import { siteCounts } from './data/counts.ts';
import { metaValue, setMeta } from './data/meta.ts';
import { openMigrated } from './data/open-migrated.ts';
import { writeSample } from './sample/write-sample.ts';

/**
 * Makes the site ready to start: brings the database to the newest version, and writes the sample content into a new one if it is wanted.
 * @throws {DatabaseNewerError} {DatabaseDamagedError} the start must stop
 */
export function prepareSite({ settings, log, say }: PrepareContext): void {
  const db = openMigrated(settings.dataDir);
  try {
    checkWhole(db);
    const first = db.transaction(() => {
      if (metaValue(db, 'sample') !== undefined) return false;
      // Seeded or imported before the first start: it has content of its own.
      const isEmpty = siteCounts(db).posts === 0;
      const wanted = isEmpty && settings.sample;
      if (wanted) writeSample(db, Date.now());
      setMeta(db, 'sample', wanted ? 'written' : isEmpty ? 'not wanted' : 'not needed');
      return true;
    });
    if (!first.immediate()) return;
    log.info({ counts: siteCounts(db) }, 'first start: database made');
    say('To make an editor: npm run user -- add NAME --role editor');
  } finally {
    db.close();
  }
}
