import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../../write-whole.ts';

const MAX_RANGE_MS = 800 * 86_400_000;
/** Panels that are named at most: more than there are. */
export const MAX_PANELS = 24;

/** What an operator chose to see; one for all who look. */
export const viewChoicesSchema = z.strictObject({
  /** Range that goes with the time, and how long ago the time that it is compared with, ms; 0: none. */
  spanMs: z.int().min(60_000).max(MAX_RANGE_MS),
  compareMs: z.int().min(0).max(MAX_RANGE_MS),
  hidden: z.array(z.string().regex(/^[a-z]{1,20}$/)).max(MAX_PANELS),
  theme: z.enum(['auto', 'light', 'dark']),
});
export type ViewChoices = z.infer<typeof viewChoicesSchema>;

const STANDARD: ViewChoices = { spanMs: 900_000, compareMs: 0, hidden: [], theme: 'auto' };

/** Keeps them in a file of the data folder. One that is missing or cannot be read is the standard. */
export class ViewFile {
  private readonly path: string;

  constructor(dataDir: string) {
    this.path = join(dataDir, 'ops-view.json');
  }

  read(): ViewChoices {
    try {
      return viewChoicesSchema.parse(JSON.parse(readFileSync(this.path, 'utf8')));
    } catch {
      return STANDARD; // none was kept yet, or by another version
    }
  }

  /** @throws {Error} the disk does not take it */
  write(choices: ViewChoices): void {
    writeWhole(this.path, `${JSON.stringify(choices)}\n`, { mode: 0o600 });
  }
}
