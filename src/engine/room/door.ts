import {
  MAX_ROOM_MOVES,
  MAX_ROOMS,
  MAX_TOLD_SPENT,
  type RoomMove,
  type RoomNews,
  type RoomState,
  type RoomTidings,
} from '../beats.ts';
import { secondsToCall, standing } from './estimate.ts';
import { bucketOf } from './line.ts';
import type { RoomAnswer, WaitingPages } from './page.ts';
import { Spent } from './spent.ts';
import {
  cookieName,
  cookieOf,
  type Lottery,
  PASS_COOKIE,
  PASS_MS,
  RENEW_MS,
  slotOf,
  TICKET_COOKIE,
  type Ticket,
  type TicketOffice,
} from './ticket.ts';

/** Whose turn is so near is kept at the door until then, s: he goes in without a look more, and in order. */
export const NEAR_S = 1;
/** Tickets that a worker gives in a second; whoever comes then gets the page of the gate, which is made already. */
export const MAX_ISSUED_PER_S = 2_000;
/** When a new ticket is to be shown, s: from then on it counts. */
const FIRST_CHECK_IN_S = 2;

/** A request for a page, as the door sees it. */
export interface Visit {
  /** The room of its route; undefined: it never waits (an asset, a crawler, anything but GET and HEAD). */
  room: string | undefined;
  path: string;
  cookie: string | undefined;
  member: boolean;
  /** Wants JSON. */
  json: boolean;
  language: () => string;
}

export type Verdict =
  /** Goes on to the gate. `renew`: the room of a pass that is to be renewed. */
  | { kind: 'through'; renew: string | undefined }
  /** Is called, or nearly: kept for a moment, then let in (`entered`) or shown the page. */
  | { kind: 'near'; ticket: Ticket }
  | { kind: 'wait'; answer: RoomAnswer }
  /** Too many new ones in this second: the page of the gate. */
  | { kind: 'busy' };

export interface DoorParts {
  office: TicketOffice;
  pages: WaitingPages;
  /** Cookies are sent over TLS only. */
  secure: boolean;
  dryRun: boolean;
  /** A room opens by itself when the gate refuses: what it refuses is told. */
  auto: boolean;
  /** One visit is counted. */
  count: (outcome: 'waits' | 'would_wait' | 'enters' | 'turned_back') => void;
  /** Epoch ms. */
  now: () => number;
  random: () => number;
}

const THROUGH: Verdict = { kind: 'through', renew: undefined };

/** The door of a worker: reads tickets, gives new ones, and tells by counts who waits. Decides; others answer and keep. */
export class Door {
  private readonly parts: DoorParts;
  private readonly rooms = new Map<string, RoomNews>();
  private hold: RoomState['hold'] = null;
  private moves = new Map<string, number>();
  /** By room: visitors who went in, called ones who found no room, and looks at which such stood at the door. */
  private readonly went = new Counts();
  /** By room: those who found no room without a ticket, and those who were inside. */
  private readonly away = new Counts();
  private readonly spent = new Spent();
  private second = 0;
  private issued = 0;
  /** Tickets issued here that the news does not count yet, by room. */
  private readonly unseen = new Map<string, number>();

  constructor(parts: DoorParts) {
    this.parts = parts;
  }

  /** Nobody waits and nobody is held: a request need not be looked at. */
  get idle(): boolean {
    return this.rooms.size === 0 && this.hold === null;
  }

  /** Refusals are of interest here. */
  get onDuty(): boolean {
    return this.parts.auto || !this.idle;
  }

  setState({ rooms, hold, spent }: Omit<RoomState, 'type'>): void {
    this.spent.learn(spent, this.parts.now());
    this.rooms.clear();
    this.unseen.clear();
    for (const news of rooms) this.rooms.set(news.name, news);
    this.hold = hold;
  }

  /** Whether this page is held until an event starts: a copy of it must not be shown either. */
  holds({ room, path }: Pick<Visit, 'room' | 'path'>): boolean {
    const { hold } = this;
    if (room === undefined || hold === null || this.parts.dryRun || this.parts.now() >= hold.startAt) return false;
    return hold.pages.length === 0 || hold.pages.includes(path);
  }

  /** Before the gate. */
  look(visit: Visit): Verdict {
    const { room } = visit;
    if (room === undefined || this.idle) return THROUGH;
    const now = this.parts.now();
    const held = this.holds(visit);
    const news = this.rooms.get(room);
    if (!held && news === undefined) return THROUGH;
    const until = this.passOf(visit, room, now);
    if (until !== undefined && !held) return { kind: 'through', renew: until - now < RENEW_MS ? room : undefined };
    const ticket = this.ticketOf(visit, now);
    if (!held && news !== undefined) {
      if (news.open && ticket === undefined) return THROUGH;
      if (ticket !== undefined && (this.isCalled(ticket) || secondsToCall(news, ticket.cls, ticket.order) <= NEAR_S))
        return this.parts.dryRun ? THROUGH : { kind: 'near', ticket };
    }
    if (this.parts.dryRun) {
      this.parts.count('would_wait');
      return THROUGH;
    }
    return ticket === undefined && !this.mayIssue(now)
      ? { kind: 'busy' }
      : { kind: 'wait', answer: this.wait(visit, ticket, now) };
  }

  isCalled({ room, cls, order }: Ticket): boolean {
    const news = this.rooms.get(room);
    return news === undefined ? this.hold === null : news.open || order < news.lines[cls].called;
  }

  /**
   * The gate had no room. Gives the page with the place in the line; undefined: no line is kept, or the visitor was let
   * in before: the answer is that of the gate.
   */
  refused(visit: Visit): RoomAnswer | undefined {
    const { room } = visit;
    if (room === undefined) return undefined;
    const now = this.parts.now();
    const inside = this.passOf(visit, room, now) !== undefined;
    this.away.note(room, inside ? 1 : 0);
    if (inside || this.parts.dryRun || !this.rooms.has(room)) return undefined;
    const ticket = this.ticketOf(visit, now);
    return ticket === undefined && !this.mayIssue(now) ? undefined : this.turnBack(visit, ticket);
  }

  /** A called visitor for whom there is no room keeps the place. */
  turnBack(visit: Visit, ticket: Ticket | undefined): RoomAnswer {
    if (ticket !== undefined && this.isCalled(ticket)) {
      this.went.note(ticket.room, 1);
      this.parts.count('turned_back');
    }
    return this.wait(visit, ticket, this.parts.now());
  }

  /** A called one stands at the door, and there is no room. */
  stands({ room }: Ticket): void {
    this.went.note(room, 2);
  }

  /**
   * The holder of a ticket goes to the gate, and leaves the line: what the site needs for the page must not look as if somebody
   * who was called did not come. Undefined: somebody else does by the same ticket, or did: it has no place any more.
   */
  claim(ticket: Ticket): Ticket | undefined {
    if (!this.spent.claim(ticket)) return undefined;
    if (ticket.counted) this.move(ticket, ticket.slot, -1);
    return { ...ticket, counted: false };
  }

  /** The one who claimed has an answer, or not: then the ticket is as good as before. `gone`: he left without any, and may come back. */
  claimEnded(ticket: Ticket, answered: boolean, gone: boolean): void {
    this.spent.done(ticket, answered);
    if (gone && ticket.counted) this.move(ticket, ticket.slot, 1);
  }

  /** For the copy of a used ticket: a place at the end of the line; undefined: the page of the gate. */
  placeAnew(visit: Visit): RoomAnswer | undefined {
    const now = this.parts.now();
    return this.mayIssue(now) ? this.wait(visit, undefined, now) : undefined;
  }

  /** The holder of a ticket is inside; gives the cookies to set. */
  entered(ticket: Ticket): string[] {
    this.went.note(ticket.room, 0);
    this.spent.enter(ticket, this.parts.now());
    this.parts.count('enters');
    return [this.pass(ticket.room), this.cookie(cookieName(TICKET_COOKIE, ticket.room), '', 0)];
  }

  pass(room: string): string {
    const until = this.parts.now() + PASS_MS;
    return this.cookie(cookieName(PASS_COOKIE, room), this.parts.office.sealPass(room, until), PASS_MS / 1_000);
  }

  /** The site has sent the visitor out: the pass is taken back. */
  revoked(room: string): string {
    return this.cookie(cookieName(PASS_COOKIE, room), '', 0);
  }

  /** What is to be told to the primary since the last time; undefined: nothing. */
  takeTidings(): RoomTidings | undefined {
    const spent = this.spent.take(MAX_TOLD_SPENT);
    if (this.moves.size + this.went.rooms.size + this.away.rooms.size + spent.length === 0) return undefined;
    const moves: RoomMove[] = [];
    for (const [cell, n] of this.moves) {
      if (moves.length >= MAX_ROOM_MOVES) break;
      this.moves.delete(cell);
      const [room = '', cls, bucket, slot] = cell.split(' ');
      if (n !== 0) moves.push([room, cls as Ticket['cls'], Number(bucket), Number(slot), n]);
    }
    const tidings: RoomTidings = {
      type: 'room',
      moves,
      entered: this.went.take(),
      turnedAway: this.away.take().map(([room, away, inside]) => [room, away, inside]),
      spent,
    };
    return tidings;
  }

  private passOf({ cookie }: Visit, room: string, now: number): number | undefined {
    return this.parts.office.openPass(cookieOf(cookie, cookieName(PASS_COOKIE, room)), room, now);
  }

  private ticketOf({ room, cookie, member }: Visit, now: number): Ticket | undefined {
    const ticket = this.parts.office.open(cookieOf(cookie, cookieName(TICKET_COOKIE, room!)), now);
    if (ticket === undefined || ticket.room !== room || this.spent.has(ticket)) return undefined;
    if (member && ticket.cls === 'n') {
      // He has signed in meanwhile: the same time, in the line of the members.
      if (ticket.counted) this.move(ticket, ticket.slot, -1);
      return { ...ticket, cls: 'm', counted: false };
    }
    return ticket;
  }

  private wait(visit: Visit, found: Ticket | undefined, now: number): RoomAnswer {
    const room = visit.room!;
    const { office, pages, random } = this.parts;
    const held = this.holds(visit) ? this.hold! : undefined;
    const lottery: Lottery | undefined =
      held === undefined ? undefined : { startAt: held.startAt, windowMs: held.windowMs };
    const ticket = found ?? office.issue(room, visit.member ? 'm' : 'n', now, lottery);
    const news = this.rooms.get(room);
    const stand =
      news === undefined || held !== undefined
        ? undefined
        : standing(news, ticket.cls, ticket.order, this.unseen.get(room) ?? 0);
    const beginsInS = held === undefined ? undefined : (held.startAt - now) / 1_000;
    // A little spread: whoever came at once must not come at once again.
    const usual = stand?.checkInSeconds ?? Math.min(20, (beginsInS ?? 2) / 2);
    const wanted = found === undefined ? Math.min(FIRST_CHECK_IN_S, usual) : usual * (0.9 + 0.2 * random());
    const again = Math.max(1, Math.round(wanted));
    const slot = slotOf(now + again * 1_000);
    if (found === undefined) this.unseen.set(room, (this.unseen.get(room) ?? 0) + 1);
    if (found !== undefined && (slot !== ticket.slot || !ticket.counted)) {
      if (ticket.counted) this.move(ticket, ticket.slot, -1);
      this.move(ticket, slot, 1);
    }
    this.parts.count('waits');
    return pages.answer({
      room,
      standing: stand,
      beginsInSeconds: beginsInS,
      again,
      json: visit.json,
      language: visit.language(),
      cookie: this.cookie(
        cookieName(TICKET_COOKIE, room),
        office.seal({ ...ticket, slot, counted: found !== undefined }),
        3_600,
      ),
    });
  }

  private mayIssue(now: number): boolean {
    const second = Math.floor(now / 1_000);
    if (second !== this.second) {
      this.second = second;
      this.issued = 0;
    }
    this.issued += 1;
    return this.issued <= MAX_ISSUED_PER_S;
  }

  private move({ room, cls, order }: Ticket, slot: number, n: 1 | -1): void {
    // A join and a leave of one cell are told apart: the primary takes out no more than there are.
    const cell = `${room} ${cls} ${bucketOf(order)} ${slot}`;
    this.moves.set(cell, (this.moves.get(cell) ?? 0) + n);
  }

  private cookie(name: string, value: string, seconds: number): string {
    return `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${this.parts.secure ? '; Secure' : ''}`;
  }
}

/** Up to three counts by room. */
class Counts {
  readonly rooms = new Map<string, [number, number, number]>();

  note(room: string, index: 0 | 1 | 2): void {
    const counts = this.rooms.get(room) ?? [0, 0, 0];
    counts[index] += 1;
    this.rooms.set(room, counts);
  }

  take(): [string, number, number, number][] {
    const taken = [...this.rooms].slice(0, MAX_ROOMS);
    this.rooms.clear();
    return taken.map(([room, counts]) => [room, ...counts]);
  }
}
