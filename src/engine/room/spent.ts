import { RETURN_MS, type Ticket } from './ticket.ts';

/** Tickets that let somebody in, and are remembered; of more the oldest are forgotten. */
export const MAX_SPENT = 100_000;
/** A ticket is due within `RETURN_MS` at the latest, and taken for so long after that. */
const KEEP_MS = 2 * RETURN_MS;

/** Fits a double exactly: time of the issue in ms, as far as it tells two tickets apart, and 24 drawn bits. */
const keyOf = ({ order, tie }: Ticket): number => (Math.floor(order) % 2 ** 28) * 2 ** 24 + tie;

/** A ticket lets in once: a copy of it has no place. Remembered for as long as the ticket itself would be taken. */
export class Spent {
  /** Their holders are on the way in. */
  private readonly inHand = new Set<number>();
  private readonly spent = new Map<number, number>();
  /** To be told to the other workers. */
  private fresh: number[] = [];

  get size(): number {
    return this.spent.size;
  }

  has(ticket: Ticket): boolean {
    return this.spent.has(keyOf(ticket));
  }

  /** False: another one goes in by it, or went. */
  claim(ticket: Ticket): boolean {
    const key = keyOf(ticket);
    if (this.inHand.has(key) || this.spent.has(key)) return false;
    this.inHand.add(key);
    return true;
  }

  enter(ticket: Ticket, now: number): void {
    const key = keyOf(ticket);
    this.note(key, now);
    this.fresh.push(key);
  }

  /** The claim is over. `answered`: the visitor has the answer; else the ticket is as good as before. */
  done(ticket: Ticket, answered: boolean): void {
    const key = keyOf(ticket);
    this.inHand.delete(key);
    if (!answered) this.spent.delete(key);
  }

  learn(keys: readonly number[], now: number): void {
    for (const key of keys) this.note(key, now);
  }

  take(most: number): number[] {
    return this.fresh.splice(0, most);
  }

  private note(key: number, now: number): void {
    this.spent.set(key, now);
    for (const [oldest, at] of this.spent) {
      if (this.spent.size <= MAX_SPENT && now - at < KEEP_MS) break;
      this.spent.delete(oldest);
    }
  }
}
