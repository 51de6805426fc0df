/** Longest text of a tally, characters: with every list full of the longest keys it is under it (a test fills them). */
export const MAX_TALLY_TEXT = 400_000;
