/** Requests that travel at once from a worker, and the longest text that they make, characters (a test fills them). */
export const MAX_BATCH = 20;
export const MAX_TAIL_TEXT = 64_000;
/** Longest time for which a tail is open without being renewed, ms. */
export const MAX_OPEN_MS = 60_000;
/** Requests that one worker tells in a second at most. */
export const MAX_PER_SECOND = 20;
