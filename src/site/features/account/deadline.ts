/**
 * Deadline of requests that may check an old password hash, ms: such a check takes 0.65 s of a thread, twice as long
 * when there are more busy threads than cores, and one more may be before it. A current hash takes 0.04 s.
 */
export const PASSWORD_DEADLINE_MS = 4_000;
