/** Deadline of requests that hash passwords, ms: a hash takes some 0.4 s of a thread on purpose, and others may be waiting. */
export const PASSWORD_DEADLINE_MS = 6_000;
