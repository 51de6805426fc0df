import { MAX_HANDED_BYTES } from '../beats.ts';
import type { PortHandle } from '../link.ts';

/**
 * How long a visitor is kept for the workers, ms. A warm spare is there in milliseconds and a new worker in some 700 ms;
 * after as long as a silent server is borne (`LONGEST_SILENCE_MS` of the primary) the waiting page is the better answer.
 */
export const HOLD_MS = 1_500;
/** Connections kept at a time, and what was read of them, bytes. Whoever comes then is told to wait at once. */
export const MAX_HELD = 1_000;
export const MAX_HELD_BYTES = 16 * 2 ** 20;
/** Connections on their way to the workers at a time: enough that the channel is never idle, few enough to be taken soon. */
export const MAX_ON_THEIR_WAY = 16;
/** How often it is looked who has waited too long, and tried again to give back whom no worker took, ms. */
const LOOK_EVERY_MS = 25;

export interface WaitingRoomParts {
  /** Sends a connection to a worker; the answer is told by `handed`. The handle stays open here. */
  handBack: (id: string, bytes: Buffer, handle: PortHandle) => void;
  /** Answers a visitor who has waited in vain. */
  giveUp: (handle: PortHandle, bytes: Buffer) => void;
  /** Makes the names of connections the names of this process. */
  prefix: string;
  /** Connections kept at a time where this process may open few files; else `MAX_HELD`. */
  maxHeld?: number;
  now: () => number;
}

interface Held {
  handle: PortHandle;
  bytes: Buffer;
  since: number;
  onItsWay: boolean;
}

/** The visitors whom the lifeboat cannot answer itself: they wait a moment for the workers. */
export class WaitingRoom {
  private readonly parts: WaitingRoomParts;
  private readonly held = new Map<string, Held>();
  private heldBytes = 0;
  private onTheirWay = 0;
  private made = 0;
  private open = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(parts: WaitingRoomParts) {
    this.parts = parts;
  }

  get size(): number {
    return this.held.size;
  }

  hasRoomFor(bytes: number): boolean {
    const { maxHeld = MAX_HELD } = this.parts;
    return this.held.size < maxHeld && bytes <= MAX_HANDED_BYTES && this.heldBytes + bytes <= MAX_HELD_BYTES;
  }

  hold(handle: PortHandle, bytes: Buffer): void {
    this.made += 1;
    this.held.set(`${this.parts.prefix}.${this.made}`, { handle, bytes, since: this.parts.now(), onItsWay: false });
    this.heldBytes += bytes.length;
    this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
    this.handBackMore();
  }

  /** A worker answers again: from now on visitors are given back to the workers. */
  openDoor(): void {
    this.open = true;
    this.handBackMore();
  }

  /** No worker answers: visitors are kept. */
  shutDoor(): void {
    this.open = false;
  }

  /** Whether a worker has the connection now. Gives true when it was one of this room's and is a worker's now. */
  handed(id: string, taken: boolean): boolean {
    const held = this.held.get(id);
    if (held === undefined || !held.onItsWay) return false;
    this.onTheirWay -= 1;
    held.onItsWay = false;
    if (taken) {
      this.forget(id, held);
      held.handle.close();
      this.handBackMore();
    }
    return taken;
  }

  private handBackMore(): void {
    if (!this.open) return;
    for (const [id, held] of this.held) {
      if (this.onTheirWay >= MAX_ON_THEIR_WAY) return;
      if (held.onItsWay) continue;
      held.onItsWay = true;
      this.onTheirWay += 1;
      this.parts.handBack(id, held.bytes, held.handle);
    }
  }

  private look(): void {
    const now = this.parts.now();
    for (const [id, held] of this.held) {
      // In the order in which they came.
      if (now - held.since < HOLD_MS) break;
      // It may be a worker's already.
      if (held.onItsWay) continue;
      this.forget(id, held);
      this.parts.giveUp(held.handle, held.bytes);
    }
    this.handBackMore();
  }

  private forget(id: string, { bytes }: Held): void {
    this.held.delete(id);
    this.heldBytes -= bytes.length;
    if (this.held.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
