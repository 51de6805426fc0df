import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';

/** Who goes first: members before newcomers. */
export const CLASSES = ['m', 'n'] as const;
export type TicketClass = (typeof CLASSES)[number];

/** A place in a line. It is known to the visitor only, signed: the server keeps no more of it than a count. */
export interface Ticket {
  room: string;
  cls: TicketClass;
  /** Epoch ms of its issue, or the drawn time of a lottery, with a fraction that breaks ties. Smaller goes first. */
  order: number;
  /** The slot (`slotOf`) by whose end its holder is to check in. */
  slot: number;
  /** It was shown once: its holder keeps cookies and comes back. Until then it counts for nothing. */
  counted: boolean;
  /** What its order is drawn from, where a lottery decides; else undefined. */
  lottery: Lottery | undefined;
  /** Breaks ties; and what a lottery draws by. 24 bits. */
  tie: number;
}

/** A window before an event; tickets of it are put into a random order. Epoch ms. */
export interface Lottery {
  startAt: number;
  windowMs: number;
}

/** Tickets are counted by the slot in which they are due, ms: coarse, so that there are few counters. */
export const SLOT_MS = 2_000;
/** Longest that a place is kept for somebody who did not check in when due, ms; who comes later gets a new ticket. */
export const RETURN_MS = 60_000;
/** Oldest ticket that is taken, ms: it bounds the counters of a line. */
export const MAX_AGE_MS = 2 * 3_600_000;
/** How long a visitor who was let in stays so after the last use, ms. */
export const PASS_MS = 10 * 60_000;
/** A pass is renewed when less than this is left of it, ms. */
export const RENEW_MS = PASS_MS / 2;

/** The site's own room, where a route names no other. */
export const SITE_ROOM = 'site';
/** Cookies of the site's room; those of another room have its name behind. */
export const TICKET_COOKIE = 'tahan_ticket';
export const PASS_COOKIE = 'tahan_pass';
export const cookieName = (cookie: string, room: string): string => (room === SITE_ROOM ? cookie : `${cookie}_${room}`);

const TIES = 2 ** 24;
const SIGNATURE_BYTES = 16;
/** Longest value that is looked at, characters. */
const MAX_LENGTH = 200;

export const slotOf = (at: number): number => Math.ceil(at / SLOT_MS);

/** Signs tickets and passes, and reads those that it signed. */
export class TicketOffice {
  private readonly key: Buffer;

  /** `secret`: the server's, kept in the data folder; tickets outlive a restart. */
  constructor(secret: string) {
    this.key = createHmac('sha256', secret).update('tahan waiting room 1').digest();
  }

  /** A new ticket. `now`: epoch ms, one clock for all workers of the machine. */
  issue(room: string, cls: TicketClass, now: number, lottery?: Lottery, tie = randomInt(TIES)): Ticket {
    const ticket: Ticket = { room, cls, order: now + tie / TIES, slot: slotOf(now), counted: false, lottery, tie };
    if (lottery !== undefined) ticket.order = this.draw(lottery, tie);
    return ticket;
  }

  /** The text of a ticket for a cookie. The drawn order of a lottery is not in it: nobody can choose the best of many before the start. */
  seal({ room, cls, order, slot, counted, lottery, tie }: Ticket): string {
    const when =
      lottery === undefined
        ? Math.floor(order).toString(36)
        : `l${lottery.startAt.toString(36)}-${lottery.windowMs.toString(36)}`;
    return this.signed('ticket', [room, cls, when, tie.toString(36), slot.toString(36), counted ? '1' : '0'].join('.'));
  }

  /** Undefined: none, not ours, too old, or its holder was away too long. */
  open(text: string | undefined, now: number): Ticket | undefined {
    const parts = this.verified('ticket', text)?.split('.');
    if (parts?.length !== 6) return undefined;
    const [room, cls, when, tieText, slotText] = parts as [string, TicketClass, string, string, string];
    const tie = Number.parseInt(tieText, 36);
    const slot = Number.parseInt(slotText, 36);
    const lottery = when.startsWith('l') ? lotteryOf(when.slice(1)) : undefined;
    const order = lottery === undefined ? Number.parseInt(when, 36) + tie / TIES : this.draw(lottery, tie);
    const issued = lottery === undefined ? order : lottery.startAt - lottery.windowMs;
    // Each part is what this server wrote; a clock that was set back must not make eternal tickets.
    if (now - issued > MAX_AGE_MS || (lottery === undefined && issued > now + RETURN_MS)) return undefined;
    if (now > slot * SLOT_MS + RETURN_MS) return undefined;
    return { room, cls, order, slot, counted: parts[5] === '1', lottery, tie };
  }

  sealPass(room: string, until: number): string {
    return this.signed('pass', `${room}.${Math.floor(until).toString(36)}`);
  }

  /** Until when a pass of the room lets in, epoch ms; undefined: it does not. */
  openPass(text: string | undefined, room: string, now: number): number | undefined {
    const [name, untilText] = this.verified('pass', text)?.split('.') ?? [];
    if (name !== room || untilText === undefined) return undefined;
    const until = Number.parseInt(untilText, 36);
    return until > now && until <= now + PASS_MS + RETURN_MS ? until : undefined;
  }

  private draw({ startAt, windowMs }: Lottery, tie: number): number {
    const digest = createHmac('sha256', this.key).update(`lottery ${startAt} ${tie}`).digest();
    return startAt - windowMs + (digest.readUIntBE(0, 6) / 2 ** 48) * windowMs;
  }

  private signed(kind: string, body: string): string {
    return `${body}.${this.signature(kind, body).toString('base64url')}`;
  }

  private verified(kind: string, text: string | undefined): string | undefined {
    if (text === undefined || text.length > MAX_LENGTH) return undefined;
    const dot = text.lastIndexOf('.');
    if (dot <= 0) return undefined;
    const body = text.slice(0, dot);
    const given = Buffer.from(text.slice(dot + 1), 'base64url');
    return given.length === SIGNATURE_BYTES && timingSafeEqual(given, this.signature(kind, body)) ? body : undefined;
  }

  private signature(kind: string, body: string): Buffer {
    return createHmac('sha256', this.key).update(`${kind} ${body}`).digest().subarray(0, SIGNATURE_BYTES);
  }
}

const lotteryOf = (text: string): Lottery => {
  const [start = '', window = ''] = text.split('-');
  return { startAt: Number.parseInt(start, 36), windowMs: Number.parseInt(window, 36) };
};

/** The value of a cookie of ours in a Cookie header. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  for (let at = header.indexOf(`${name}=`); at !== -1; at = header.indexOf(`${name}=`, at + 1)) {
    if (at > 0 && header[at - 1] !== ' ' && header[at - 1] !== ';') continue;
    const end = header.indexOf(';', at);
    return header.slice(at + name.length + 1, end === -1 ? undefined : end).trim();
  }
  return undefined;
}
