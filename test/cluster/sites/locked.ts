import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Site, SiteContext } from '../../../src/engine/site.ts';

/** A site whose every write waits, on the event loop, for SQLite's lock. */
export function createSite({ settings }: SiteContext): Site {
  const db = new Database(join(settings.dataDir, 'locked.db'), { timeout: 200 });
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE IF NOT EXISTS hits (at REAL)');
  const insert = db.prepare('INSERT INTO hits VALUES (?)');
  let waitedMs = 0;
  return {
    handler(request, response) {
      const began = performance.now();
      if (request.url === '/write') {
        try {
          insert.run(Date.now());
        } catch (error) {
          if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
          response.statusCode = 503;
        }
        waitedMs += performance.now() - began;
      }
      response.end('done');
    },
    waitedMs: () => waitedMs,
    close: () => {
      db.close();
    },
  };
}
