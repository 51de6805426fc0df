import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const MAX_DEPTH = 64;
const MARKDOWN = /\.(?:md|markdown)$/i;

export type Found = { path: string } | { path: string; skipped: string };

/**
 * Markdown files in a folder and the folders in it, in the order of their names. Links are never followed: what they
 * point to is elsewhere, or is found by itself.
 */
export function* findMarkdown(folder: string, depth = 0): Generator<Found> {
  if (depth > MAX_DEPTH) {
    yield { path: folder, skipped: `more than ${MAX_DEPTH} folders deep` };
    return;
  }
  let entries: import('node:fs').Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    yield { path: folder, skipped: `the folder cannot be read (${(error as NodeJS.ErrnoException).code})` };
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* findMarkdown(path, depth + 1);
    else if (!MARKDOWN.test(entry.name)) continue;
    else if (entry.isSymbolicLink()) yield { path, skipped: 'a link' };
    else if (entry.isFile()) yield { path };
    else yield { path, skipped: 'not a file' };
  }
}
