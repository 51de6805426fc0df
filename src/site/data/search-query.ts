const MAX_WORDS = 8;
const MAX_WORD_LENGTH = 40;
/** A shorter last word is not completed: it would match nearly everything. */
const MIN_PREFIX_LENGTH = 3;

/**
 * A visitor's search as an FTS5 query: every word must occur, the last may be a beginning. Words are quoted, so that no
 * input is ever read as FTS5 syntax. Undefined: there is no word in it.
 */
export function searchQuery(input: string): string | undefined {
  const found =
    input
      .slice(0, 1_000)
      .toLowerCase()
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  // A word that comes twice would cost twice and find the same.
  const words = [...new Set(found.map((word) => word.slice(0, MAX_WORD_LENGTH)))].slice(0, MAX_WORDS);
  const last = words.at(-1);
  if (last === undefined) return undefined;
  return words.map((word) => `"${word}"`).join(' ') + (last.length >= MIN_PREFIX_LENGTH ? '*' : '');
}
