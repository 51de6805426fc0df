/** What is known of the revalidations of a tag; times in epoch ms. What was made at such a time or before is concerned. */
export interface Revalidated {
  /** It may still be served once, while it is made anew. */
  staleAt: number;
  /** It is never served again. */
  expiredAt: number;
  /** From `dueAt` on, what was made until `dueSince` is never served again. */
  dueAt: number;
  dueSince: number;
}

export const NEVER: Revalidated = { staleAt: 0, expiredAt: 0, dueAt: Number.POSITIVE_INFINITY, dueSince: 0 };

/** `expireS`: for how long what there is may still be served, s; undefined: not at all. */
export function revalidated(before: Revalidated, now: number, expireS: number | undefined): Revalidated {
  const expiredAt = lastExpiry(before, now);
  if (expireS === undefined || expireS <= 0) return { ...before, expiredAt: now };
  return { staleAt: now, expiredAt, dueAt: now + expireS * 1_000, dueSince: now };
}

/** When what carries the tag was last taken back. */
export const lastExpiry = ({ expiredAt, dueAt, dueSince }: Revalidated, now: number): number =>
  dueAt <= now ? Math.max(expiredAt, dueSince) : expiredAt;

/** Until when it may be served, s; a revalidation that says nothing of it means at once. */
export const expiryOf = (durations: { expire?: number } | undefined): number | undefined =>
  durations === undefined ? undefined : (durations.expire ?? Number.POSITIVE_INFINITY);
