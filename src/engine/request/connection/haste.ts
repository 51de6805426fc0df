import type { Socket } from 'node:net';

/** A client that is back so soon after "try again in 3 s" does not wait, ms; no person reloads a page so fast. */
const HASTY_MS = 50;
/** So often it may be so before it is made to wait: a browser asks for several things at once. */
const FREE = 3;
/**
 * And so many of such requests are looked at in a second, over all connections: refusing them takes a tenth of a core.
 * An open connection may also be the pool of a program, or of a bench, that has many different askers.
 */
const HASTY_PER_SECOND = 1_500;
/** The first pause and the longest, ms; between them it doubles. */
const FIRST_MS = 10;
const LONGEST_MS = 1_000;

/** What of that number is left in this process: a token bucket that holds one second. */
export const budget = { perSecond: HASTY_PER_SECOND, left: HASTY_PER_SECOND, at: 0 };

function takesOfBudget(now: number): boolean {
  const { perSecond } = budget;
  budget.left = Math.min(perSecond, budget.left + ((now - budget.at) * perSecond) / 1_000);
  budget.at = now;
  if (budget.left < 1) return false;
  budget.left -= 1;
  return true;
}

const HASTE = Symbol('tahan.haste');
type HastySocket = Socket & { [HASTE]?: Haste };

/**
 * A connection whose client ignores Retry-After. Refusing it faster would only make it come faster: 50 such clients took
 * 13,000 refusals a second and a third of the capacity. So its next request is read a little later each time.
 */
class Haste {
  refusedAt = Number.NEGATIVE_INFINITY;
  private times = 0;
  private pauses = 0;

  pauseMs(now: number): number {
    const hasty = now - this.refusedAt < HASTY_MS;
    this.refusedAt = Number.NEGATIVE_INFINITY;
    this.times = hasty ? this.times + 1 : 0;
    if (!hasty) this.pauses = 0;
    if (this.times <= FREE || takesOfBudget(now)) return 0;
    this.pauses += 1;
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** (this.pauses - 1));
  }
}

/** A request of this connection was refused. `now`: clock of `performance.now()`, ms. */
export function noteRefusal(socket: Socket, now: number): void {
  const hasty = socket as HastySocket;
  hasty[HASTE] ??= new Haste();
  hasty[HASTE].refusedAt = now;
}

/** How long the request that has come on this connection is to wait before it is looked at, ms; mostly 0. */
export function hastePauseMs(socket: Socket, now: number): number {
  return (socket as HastySocket)[HASTE]?.pauseMs(now) ?? 0;
}
