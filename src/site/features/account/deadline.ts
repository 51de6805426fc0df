/**
 * Deadline of requests that may check an old password hash, ms. The check takes 0.65 s of a thread; in a surge three busy
 * threads share a core, and another check may be before it: 4 s, and 2 s in reserve.
 */
export const PASSWORD_DEADLINE_MS = 6_000;

/** Deadline of the check of a current hash, ms: it takes 0.04 s, so a visitor is told as soon as on other pages. */
export const QUICK_CHECK_MS = 2_000;
