import type { Mutant } from '../mutant.ts';

const DOOR = { file: 'room/door.ts', test: 'engine/room/door.test.ts' };
const SPENT = { file: 'room/spent.ts', test: 'engine/room/spent.test.ts' };
const QUEUE = { file: 'room/queue.ts', test: 'engine/room/queue.test.ts' };
const LINE = { file: 'room/line.ts', test: 'engine/room/line.test.ts' };
const TICKET = { file: 'room/ticket.ts', test: 'engine/room/door.test.ts' };
const LOTTERY = { file: 'room/ticket.ts', test: 'engine/room/lottery.test.ts' };
const TEMPLATE = { file: 'room/template.ts', test: 'engine/room/template.test.ts' };
const RATE = { file: 'room/rate.ts', test: 'engine/room/rate.test.ts' };
const ACCOUNT = { file: 'room/account.ts', test: 'engine/room/account.test.ts' };

/** The waiting room. */
export const ROOM: readonly Mutant[] = [
  { ...DOOR, name: 'any number of tickets is given', text: 'this.issued <= MAX_ISSUED_PER_S', to: 'true' },
  { ...DOOR, name: 'all cells are told at once', text: 'if (moves.length >= MAX_ROOM_MOVES) break;', to: '' },
  {
    ...DOOR,
    name: 'any number of rooms is told of',
    text: '[...this.rooms].slice(0, MAX_ROOMS)',
    to: '[...this.rooms]',
  },
  { ...DOOR, name: 'a ticket is good in any room', text: 'ticket.room !== room || ', to: '' },
  { ...DOOR, name: 'a used ticket has a place', text: ' || this.spent.has(ticket)', to: '' },
  {
    ...DOOR,
    name: 'who is on the way in stands in line',
    text: 'if (ticket.counted) this.move(ticket, ticket.slot, -1);\n    return { ...ticket, counted: false };',
    to: 'return ticket;',
  },
  { ...SPENT, name: 'any number of tickets is remembered', text: 'this.spent.size <= MAX_SPENT && ', to: '' },
  { ...SPENT, name: 'used tickets are remembered for ever', text: ' && now - at < KEEP_MS', to: '' },
  { ...QUEUE, name: 'any number is kept at the door', text: 'this.kept.length >= MAX_HELD', to: 'false' },
  { ...QUEUE, name: 'somebody is kept for ever', text: 'now - since >= HOLD_MS', to: 'false' },
  { ...QUEUE, name: 'all go in at once', text: 'if (this.next !== undefined) return;', to: '' },
  { ...LINE, name: 'a line has any number of buckets', text: 'this.live.size >= MAX_BUCKETS', to: 'false' },
  { ...LINE, name: 'those who left hold their place', text: 'slot * SLOT_MS + GRACE_MS > now', to: 'true' },
  { ...TICKET, name: 'anybody signs tickets', text: 'timingSafeEqual(given, this.signature(kind, body))', to: 'true' },
  {
    ...LOTTERY,
    name: 'first come first served before the start',
    text: 'ticket.order = this.draw(lottery, tie);',
    to: '',
  },
  { ...TEMPLATE, name: 'a template of any size', text: 'bytes > MAX_TEMPLATE_BYTES', to: 'false' },
  {
    ...ACCOUNT,
    name: 'any number of rooms is kept',
    text: 'room === undefined && this.rooms.size < MAX_ROOMS',
    to: 'room === undefined',
  },
  {
    ...ACCOUNT,
    name: 'all used tickets are told at once',
    text: 'this.spent.splice(0, MAX_TOLD_SPENT)',
    to: 'this.spent.splice(0)',
  },
  { ...RATE, name: 'a guess lasts', text: 'this.entered = this.perS * GUESS_S;', to: 'this.entered = this.perS * 60;' },
  {
    ...RATE,
    name: 'a new rate is told slowly',
    text: 'Math.min(TOLD_MEMORY_S, this.knownS / 2)',
    to: 'TOLD_MEMORY_S',
  },
  { ...RATE, name: 'an idle server waits for those who left', text: 'tooFew ? this.perS * dtS : 0', to: '0' },
  { ...RATE, name: 'people at the door do not count', text: ' && !crowded', to: '' },
];
