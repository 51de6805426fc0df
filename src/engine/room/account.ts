import type { RoomHold, RoomNews, RoomState, RoomTidings } from '../beats.ts';
import { Line } from './line.ts';
import { AdmissionRate } from './rate.ts';

/** The site's own room, where a route names no other. */
export const SITE_ROOM = 'site';
/** Rooms that are kept; tickets of more rooms are not counted. */
export const MAX_ROOMS = 16;
/** People must find no room for so long before a line is kept, ms: a burst of a moment is the gate's. */
export const ARM_AFTER_MS = 1_000;
/** Time without anybody turned away after which that begins anew, ms. */
const MOMENT_MS = 600;
/** Nobody waited and nobody was turned away for so long: no line is kept any more, ms. */
export const DISARM_AFTER_MS = 10_000;
/** Memory of the share that gives up, s. */
const LEAVES_MEMORY_S = 15;

export interface AccountOptions {
  /** `on`: a line is always kept; `auto`: when people find no room; `off`: never. */
  mode: 'auto' | 'on' | 'off';
  /** Most calls a second. */
  maxPerS: number;
}

interface Room {
  lines: { m: Line; n: Line };
  open: boolean;
  rate: AdmissionRate | undefined;
  leavesPerS: number;
  /** Visitors who went in since the last step. */
  entered: number;
  /** Called ones who found no room. */
  turnedBack: number;
}

const newRoom = (): Room => ({
  lines: { m: new Line(), n: new Line() },
  open: true,
  rate: undefined,
  leavesPerS: 0,
  entered: 0,
  turnedBack: 0,
});

/**
 * The one account of the waiting rooms of a machine: counts of tickets, and how far they are called. Clocks and measured
 * values in, what the workers are to know out; it does nothing by itself. Times in epoch ms, as tickets are ordered by it.
 */
export class RoomAccount {
  options: AccountOptions;
  private readonly rooms = new Map<string, Room>();
  private armed = false;
  private turnedAwayInside = 0;
  private refusedSince: number | undefined;
  private refusedAt = Number.NEGATIVE_INFINITY;
  private neededAt = Number.NEGATIVE_INFINITY;
  private steppedAt: number | undefined;
  private hold: RoomHold | undefined;
  private heldOpen = false;

  constructor(options: AccountOptions) {
    this.options = options;
  }

  get waiting(): number {
    let sum = 0;
    for (const { lines } of this.rooms.values()) sum += lines.m.waiting + lines.n.waiting;
    return sum;
  }

  get isArmed(): boolean {
    return this.armed;
  }

  /** An event: a line is kept whatever the load is, or only when it is needed again. */
  keepArmed(armed: boolean): void {
    this.heldOpen = armed;
  }

  /** Visitors of some pages are gathered until an event starts; undefined: nobody is. */
  setHold(hold: RoomHold | undefined): void {
    this.hold = hold;
  }

  take({ moves, entered, turnedAway, turnedAwayInside }: Omit<RoomTidings, 'type'>, now: number): void {
    this.turnedAwayInside += turnedAwayInside;
    if (turnedAway > 0) {
      if (now - this.refusedAt > MOMENT_MS) this.refusedSince = now;
      this.refusedAt = now;
    }
    for (const [name, cls, bucket, slot, n] of moves) {
      const room = this.roomOf(name);
      if (room === undefined) continue;
      if (n > 0) room.lines[cls].join(bucket, slot, n);
      else room.lines[cls].leave(bucket, slot, -n);
    }
    for (const [name, n, turnedBack] of entered) {
      const room = this.roomOf(name);
      if (room === undefined) continue;
      room.entered += n;
      room.turnedBack += turnedBack;
    }
  }

  /** One step of the clock. `load`: offered load of the scarcest resource; `completedPerS`: what the server got done in the last second. */
  step(load: number, completedPerS: number, now: number): RoomState {
    const dtS = Math.min(2, Math.max(0, now - (this.steppedAt ?? now)) / 1_000);
    this.steppedAt = now;
    this.arm(now);
    const refusing = this.turnedAwayInside > 0;
    this.turnedAwayInside = 0;
    const hold = this.hold !== undefined && now < this.hold.startAt ? this.hold : null;
    const startPerS = completedPerS / Math.max(1, this.rooms.size);
    for (const [name, room] of this.rooms) {
      // Before the start nobody is called.
      if (hold === null) this.advance(room, load, refusing, startPerS, dtS, now);
      else this.keep(room, dtS, now);
      if (!this.armed && room.lines.m.waiting + room.lines.n.waiting === 0) this.rooms.delete(name);
    }
    const kept = this.armed || hold !== null;
    return {
      type: 'room',
      rooms: kept ? [...this.rooms].map(([name, room]) => newsOf(name, room, startPerS)) : [],
      hold,
    };
  }

  private arm(now: number): void {
    const { mode } = this.options;
    const refusing = this.refusedSince !== undefined && now - this.refusedAt <= MOMENT_MS;
    if (this.waiting > 0 || refusing) this.neededAt = now;
    const called = refusing && now - this.refusedSince! >= ARM_AFTER_MS;
    if (mode === 'off') this.armed = false;
    else if (mode === 'on' || this.heldOpen || called) this.armed = true;
    else if (now - this.neededAt >= DISARM_AFTER_MS) this.armed = false;
    if (mode === 'off') this.rooms.clear();
    else if (this.armed) this.roomOf(SITE_ROOM);
  }

  private keep(room: Room, dtS: number, now: number): void {
    this.noteLeaves(room, room.lines.m.expire(now).uncalled + room.lines.n.expire(now).uncalled, dtS);
    if (room.lines.m.waiting + room.lines.n.waiting > 0) close(room);
  }

  private advance(room: Room, load: number, refusing: boolean, startPerS: number, dtS: number, now: number): void {
    const { m, n } = room.lines;
    const gone = [m.expire(now), n.expire(now)] as const;
    this.noteLeaves(room, gone[0].uncalled + gone[1].uncalled, dtS);
    const { entered, turnedBack } = room;
    room.entered = 0;
    room.turnedBack = 0;
    if (m.waiting + n.waiting === 0) {
      room.open = true;
      return;
    }
    close(room);
    room.rate ??= new AdmissionRate(startPerS);
    const pending = m.waiting + n.waiting - m.uncalled - n.uncalled;
    const noShows = gone[0].called + gone[1].called;
    const due = room.rate.step({ load, entered, turnedBack, pending, noShows, refusing }, dtS, this.options.maxPerS);
    n.call(due - m.call(due));
    if (m.uncalled + n.uncalled < 0.5) room.open = true;
  }

  private noteLeaves(room: Room, gone: number, dtS: number): void {
    if (dtS <= 0) return;
    const waiting = room.lines.m.uncalled + room.lines.n.uncalled + gone;
    const share = waiting > 0 ? gone / waiting / dtS : 0;
    room.leavesPerS += (1 - Math.exp(-dtS / LEAVES_MEMORY_S)) * (share - room.leavesPerS);
  }

  private roomOf(name: string): Room | undefined {
    let room = this.rooms.get(name);
    if (room === undefined && this.rooms.size < MAX_ROOMS) {
      room = newRoom();
      this.rooms.set(name, room);
    }
    return room;
  }
}

/** From the oldest ticket on nobody is called yet; a line in which nobody waits begins with those who come now. */
function close(room: Room): void {
  if (!room.open) return;
  room.open = false;
  room.lines.m.close();
  room.lines.n.close();
}

const newsOf = (name: string, { lines, open, rate, leavesPerS }: Room, startPerS: number): RoomNews => ({
  name,
  open,
  lines: {
    m: { called: lines.m.called, points: lines.m.points() },
    n: { called: lines.n.called, points: lines.n.points() },
  },
  ratePerS: rate?.toldPerS ?? Math.max(1, startPerS),
  spread: rate === undefined ? 1 : rate.deviation / Math.max(rate.toldPerS, 0.01),
  leavesPerS,
});
