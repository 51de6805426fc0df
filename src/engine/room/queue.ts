import type { Ticket } from './ticket.ts';

/** How long somebody is kept at the door, ms; then the page is shown again. */
export const HOLD_MS = 3_000;
/** Requests kept at the door of a worker at a time: those whose turn is within a second or so. */
export const MAX_HELD = 500;
/** How often it is looked whether there is room, ms. */
const LOOK_EVERY_MS = 20;

export interface Kept {
  ticket: Ticket;
  /** Whether the gate has room for it now. */
  hasRoom: () => boolean;
  /** The client is gone. */
  isGone: () => boolean;
  letIn: () => void;
  showPage: () => void;
}

/** The front of the line: the few whose turn is now. They go in by their order, not by when their browser looked. */
export class FrontQueue {
  private kept: { one: Kept; since: number }[] = [];
  private timer: NodeJS.Timeout | undefined;
  private next: NodeJS.Immediate | undefined;
  private readonly isCalled: (ticket: Ticket) => boolean;
  private readonly stands: (ticket: Ticket) => void;
  private readonly now: () => number;

  /** `stands`: one is called, and there is no room. */
  constructor(isCalled: (ticket: Ticket) => boolean, stands: (ticket: Ticket) => void, now: () => number) {
    this.isCalled = isCalled;
    this.stands = stands;
    this.now = now;
  }

  get size(): number {
    return this.kept.length;
  }

  /** False: too many are kept; the page is to be shown. */
  keep(one: Kept): boolean {
    if (this.kept.length >= MAX_HELD) return false;
    const at = this.kept.findIndex(({ one: { ticket } }) => isBefore(one.ticket, ticket));
    this.kept.splice(at === -1 ? this.kept.length : at, 0, { one, since: this.now() });
    this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
    this.look();
    return true;
  }

  /** Lets in one in a turn of the loop: the gate sees him before it is asked for the next. */
  look(): void {
    if (this.next !== undefined) return;
    const now = this.now();
    const waiting = this.kept;
    this.kept = [];
    const left: typeof waiting = [];
    for (const [index, kept] of waiting.entries()) {
      const { one, since } = kept;
      if (one.isGone()) continue;
      const isCalled = this.isCalled(one.ticket);
      if (isCalled && one.hasRoom()) {
        left.push(...waiting.slice(index + 1));
        one.letIn();
        this.next = setImmediate(() => {
          this.next = undefined;
          this.look();
        });
        break;
      }
      if (isCalled) this.stands(one.ticket);
      if (now - since >= HOLD_MS) one.showPage();
      else left.push(kept);
    }
    this.kept = this.kept.length === 0 ? left : [...left, ...this.kept];
    if (this.kept.length > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

const isBefore = (a: Ticket, b: Ticket): boolean => (a.cls === b.cls ? a.order < b.order : a.cls === 'm');
