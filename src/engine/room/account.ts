import { MAX_ROOMS, MAX_TOLD_SPENT, type RoomHold, type RoomNews, type RoomState, type RoomTidings } from '../beats.ts';
import { Line } from './line.ts';
import { AdmissionRate } from './rate.ts';
import { MAX_SPENT } from './spent.ts';
import { SITE_ROOM } from './ticket.ts';

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
  /** A line is kept. */
  armed: boolean;
  /** When people began to find no room, when somebody last did, and when the line was last of use. Epoch ms. */
  refusedSince: number;
  refusedAt: number;
  neededAt: number;
  /** People who were let in, and found no room since the last step. */
  turnedAwayInside: number;
  rate: AdmissionRate | undefined;
  leavesPerS: number;
  /** Visitors who went in since the last step. */
  entered: number;
  /** Called ones who found no room. */
  turnedBack: number;
  /** Called ones stood at the door meanwhile, and there was no room for them. */
  crowded: boolean;
}

const newRoom = (): Room => ({
  lines: { m: new Line(), n: new Line() },
  open: true,
  armed: false,
  refusedSince: Number.NEGATIVE_INFINITY,
  refusedAt: Number.NEGATIVE_INFINITY,
  neededAt: Number.NEGATIVE_INFINITY,
  turnedAwayInside: 0,
  rate: undefined,
  leavesPerS: 0,
  entered: 0,
  turnedBack: 0,
  crowded: false,
});

/**
 * The one account of the waiting rooms of a machine: counts of tickets, and how far they are called. Clocks and measured
 * values in, what the workers are to know out; it does nothing by itself. Times in epoch ms, as tickets are ordered by it.
 */
export class RoomAccount {
  options: AccountOptions;
  private readonly rooms = new Map<string, Room>();
  private spent: number[] = [];
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

  /** Names of the rooms in which a line is kept. */
  get armed(): readonly string[] {
    return [...this.rooms].filter(([, { armed }]) => armed).map(([name]) => name);
  }

  /** An event: a line is kept whatever the load is, or only when it is needed again. */
  keepArmed(armed: boolean): void {
    this.heldOpen = armed;
  }

  /** Visitors of some pages are gathered until an event starts; undefined: nobody is. */
  setHold(hold: RoomHold | undefined): void {
    this.hold = hold;
  }

  take({ moves, entered, turnedAway, spent }: Omit<RoomTidings, 'type'>, now: number): void {
    if (this.spent.length < MAX_SPENT) this.spent.push(...spent);
    for (const [name, n, inside] of turnedAway) {
      const room = this.options.mode === 'off' ? undefined : this.roomOf(name);
      if (room === undefined) continue;
      room.turnedAwayInside += inside;
      if (n === 0) continue;
      if (now - room.refusedAt > MOMENT_MS) room.refusedSince = now;
      room.refusedAt = now;
    }
    for (const [name, cls, bucket, slot, n] of moves) {
      const room = this.roomOf(name);
      if (room === undefined) continue;
      if (n > 0) room.lines[cls].join(bucket, slot, n);
      else room.lines[cls].leave(bucket, slot, -n);
    }
    for (const [name, n, turnedBack, stood] of entered) {
      const room = this.roomOf(name);
      if (room === undefined) continue;
      room.entered += n;
      room.turnedBack += turnedBack;
      room.crowded ||= stood > 0;
    }
  }

  /** One step of the clock. `load`: offered load of the scarcest resource; `completedPerS`: what the server got done in the last second. */
  step(load: number, completedPerS: number, now: number): RoomState {
    const dtS = Math.min(2, Math.max(0, now - (this.steppedAt ?? now)) / 1_000);
    this.steppedAt = now;
    this.arm(now);
    const hold = this.hold !== undefined && now < this.hold.startAt ? this.hold : null;
    const startPerS = completedPerS / Math.max(1, this.rooms.size);
    for (const [name, room] of this.rooms) {
      // Before the start nobody is called.
      if (hold === null) this.advance(room, load, startPerS, dtS, now);
      else this.keep(room, dtS, now);
      room.turnedAwayInside = 0;
      if (!room.armed && waitingIn(room) === 0 && !isRefusing(room, now)) this.rooms.delete(name);
    }
    return {
      type: 'room',
      rooms: [...this.rooms]
        .filter(([, { armed }]) => armed || hold !== null)
        .map(([name, room]) => newsOf(name, room, startPerS)),
      hold,
      spent: this.spent.splice(0, MAX_TOLD_SPENT),
    };
  }

  private arm(now: number): void {
    const { mode } = this.options;
    const always = mode === 'on' || (mode === 'auto' && this.heldOpen);
    if (mode === 'off') this.rooms.clear();
    else if (always) this.roomOf(SITE_ROOM);
    for (const room of this.rooms.values()) {
      const refusing = isRefusing(room, now);
      if (refusing || waitingIn(room) > 0) room.neededAt = now;
      if (always || (refusing && now - room.refusedSince >= ARM_AFTER_MS)) room.armed = true;
      else if (now - room.neededAt >= DISARM_AFTER_MS) room.armed = false;
    }
  }

  private keep(room: Room, dtS: number, now: number): void {
    this.noteLeaves(room, room.lines.m.expire(now).uncalled + room.lines.n.expire(now).uncalled, dtS);
    if (waitingIn(room) > 0) close(room);
  }

  private advance(room: Room, load: number, startPerS: number, dtS: number, now: number): void {
    const { m, n } = room.lines;
    const gone = [m.expire(now), n.expire(now)] as const;
    this.noteLeaves(room, gone[0].uncalled + gone[1].uncalled, dtS);
    const { entered, turnedBack, crowded } = room;
    room.entered = 0;
    room.turnedBack = 0;
    room.crowded = false;
    if (m.waiting + n.waiting === 0) {
      room.open = true;
      return;
    }
    close(room);
    const refusing = room.turnedAwayInside > 0;
    room.rate ??= new AdmissionRate(startPerS);
    const pending = m.waiting + n.waiting - m.uncalled - n.uncalled;
    const noShows = gone[0].called + gone[1].called;
    const due = room.rate.step(
      { load, entered, turnedBack, crowded, pending, noShows, refusing },
      dtS,
      this.options.maxPerS,
    );
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

const waitingIn = ({ lines }: Room): number => lines.m.waiting + lines.n.waiting;
const isRefusing = ({ refusedAt }: Room, now: number): boolean => now - refusedAt <= MOMENT_MS;

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
