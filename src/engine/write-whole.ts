import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a file as a whole or not at all: a crash leaves the one before. Makes its folder.
 * @throws {Error} the disk does not take it
 */
export function writeWhole(path: string, text: string, { mode = 0o640, folderMode = 0o750 } = {}): void {
  const part = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: folderMode });
    writeFileSync(part, text, { mode, flush: true });
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
