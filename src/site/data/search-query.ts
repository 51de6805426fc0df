const MAX_WORDS = 8;
const MAX_WORD_LENGTH = 40;
/** A shorter last word is not completed: it would match nearly everything. */
const MIN_PREFIX_LENGTH = 3;

/**
 * A visitor's search as an FTS5 query: every word must occur, the last may be a beginning. Words are quoted, so that no
 * input is ever read as FTS5 syntax. Undefined: there is no word in it.
 */
export function searchQuery(input: string): string | undefined {
  const words = (input.slice(0, 1_000).match(/[\p{L}\p{N}\p{M}]+/gu) ?? [])
    .slice(0, MAX_WORDS)
    .map((word) => word.slice(0, MAX_WORD_LENGTH));
  const last = words.at(-1);
  if (last === undefined) return undefined;
  const quoted = words.map((word) => `"${word}"`);
  return quoted.join(' ') + (last.length >= MIN_PREFIX_LENGTH ? '*' : '');
}
