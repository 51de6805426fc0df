import { decodedPath } from './decoded-path.ts';

/** Longest path in a list, characters: two of them are one key of what is read next. */
export const MAX_PATH = 98;
/** So long, and mixed from letters and digits, a part of a path is a token of somebody and no name of a page. */
const TOKEN = /^(?=[^/]*\d)(?=[^/]*[A-Za-z])[A-Za-z0-9_~=-]{24,}$/;
/** A readable name of a page has words. */
const WORDS = /^[a-z0-9]+(?:-[a-z0-9]+){2,}$/i;

/** A path as it is shown in lists: readable, without what may be a secret, short. */
export function tidyPath(path: string): string {
  const shown = decodedPath(path)
    .split('/')
    .map((part) => (TOKEN.test(part) && !WORDS.test(part) ? '…' : part))
    .join('/');
  return shown.length > MAX_PATH ? `${shown.slice(0, MAX_PATH - 1)}…` : shown;
}
