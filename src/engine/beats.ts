import { z } from 'zod';
import { FEATURE_STATES } from './features/types.ts';
import { MAX_OPEN_MS, MAX_PER_SECOND, MAX_TAIL_TEXT } from './tail/limits.ts';
import { MAX_TALLY_TEXT } from './traffic/limits.ts';

/** How hard the server works, as the primary sees it. */
export const MODES = ['calm', 'busy', 'saturated', 'down'] as const;
export type Mode = (typeof MODES)[number];

const amount = z.number().nonnegative().finite();
const count = z.int().nonnegative();
const label = z.string().max(200);

/** What a worker tells every 100 ms, and once a second at rest, as the lifeboat does. Windowed values cover the time since the beat before. */
export const beatSchema = z.object({
  type: z.literal('beat'),
  /** Nobody has come for a while: signs of life are few. */
  resting: z.boolean(),
  /** Event-loop lag by self-sampling, time-weighted, ms, over the last second. */
  lagP50Ms: amount,
  lagP99Ms: amount,
  lagMaxMs: amount,
  /** Event-loop utilisation 0..1 since the last beat. */
  elu: z.number().min(0).max(1),
  /** Requests that the site works on or waits for. */
  inFlight: count,
  /** Requests in the gate's queue, and the time the oldest has waited. */
  queued: count,
  queueDelayMs: amount,
  /** Size of the work in hand on the event loop: E[S²]/E[S] of recent jobs, ms; 0: none yet. */
  workUnitMs: amount,
  /** Offered load of each resource: 1 is as much as can be done. */
  loadRatio: z.object({ loop: amount, pool: amount, elsewhere: amount }),
  /** Requests answered by the site, and refused at the gate, since the start of the process. */
  completed: count,
  refused: count,
  /** Requests that arrived since the start of the process, cached answers included. */
  arrived: count,
  connections: count,
  rssBytes: count,
  heapBytes: count,
  poolQueued: count,
  poolRunning: count,
  /** Time spent waiting for SQLite locks since the start of the process, ms. */
  sqliteWaitMs: amount,
  cachePages: count,
  cacheBytes: count,
  /** The gate refused or queued past its target in this window. */
  saturated: z.boolean(),
  listening: z.boolean(),
  features: z
    .record(z.string().max(64), z.enum(FEATURE_STATES))
    .refine((features) => Object.keys(features).length <= 64),
});
export type Beat = z.infer<typeof beatSchema>;

/** Increments since the last flush: `[metric name, label values in the order of its definition, amount]`. */
const counterDelta = z.tuple([label, z.array(label).max(8), amount]);
/** `[metric name, label values, count per bucket (not cumulative, the last is +Inf), sum]`. */
const histogramDelta = z.tuple([label, z.array(label).max(8), z.array(count).max(64), amount]);
/** `[route, trace id, seconds, Unix time in seconds]` of a request in `http_request_duration_seconds`. */
const exemplar = z.tuple([label, z.string().regex(/^[0-9a-f]{32}$/), amount, amount]);
export const metricsDeltaSchema = z.object({
  type: z.literal('metrics'),
  counters: z.array(counterDelta).max(10_000),
  histograms: z.array(histogramDelta).max(10_000),
  exemplars: z.array(exemplar).max(64).optional(),
});
export type MetricsDelta = z.infer<typeof metricsDeltaSchema>;

/** Most that is read of a connection before it goes from the lifeboat to a worker, bytes: what libuv reads at once. */
export const MAX_HANDED_BYTES = 65_536;
const connectionFields = {
  /** Names the connection, which comes with the message as a handle. */
  id: z.string().max(64),
  /** What was read of it. */
  bytes: z.base64().max(Math.ceil(MAX_HANDED_BYTES / 3) * 4),
};

const sessionId = z.string().min(1).max(64);

const tags = z.array(z.string().min(1).max(200)).max(1_000);
const purgeFields = {
  type: z.literal('purge'),
  /** Names the purge, so that the one who asked learns when all have done it. */
  id: z.string().max(64),
  tags,
  /** Hard: the pages are gone. Soft: never fresh again, but kept as last good. */
  hard: z.boolean(),
  /** Epoch ms: renders that began before it must not be kept. */
  at: amount,
};
/** What an operator has the workers do, beside their settings. */
export const controlsSchema = z.object({
  dryRun: z.boolean(),
  /** Every bound of the gate times this. */
  gateFactor: z.number().min(0.1).max(10),
  maintenance: z.boolean(),
  /** Paths that are switched off begin so. */
  off: z.array(z.string().max(200)).max(32),
  /** Networks that get a 403, until then, epoch ms. */
  blocked: z.array(z.object({ network: z.string().max(49), untilMs: amount })).max(256),
});
export type Controls = z.infer<typeof controlsSchema>;

const purgedFields = { type: z.literal('purged'), id: z.string().max(64) };

/** What the lifeboat must know of the site to find its pages in the store without running its code. */
export const publicPagesSchema = z.object({
  mainPage: z.string().max(2_048),
  languages: z.array(z.string().max(35)).max(64),
  routes: z
    .array(
      z.object({
        route: label,
        methods: z.array(label).max(16).optional(),
        query: z.array(label).max(32),
        cacheable: z.boolean(),
        /** 0: not cacheable, or not said. */
        ttlMs: amount,
      }),
    )
    .max(200),
});
export type PublicPages = z.infer<typeof publicPagesSchema>;

/** Waiting rooms that are kept; whoever finds no room in more of them gets the page of the gate. */
export const MAX_ROOMS = 16;
/** Cells of the lines, and used tickets, that are told at once; the rest a moment later. */
export const MAX_ROOM_MOVES = 2_000;
export const MAX_TOLD_SPENT = 2_000;

const roomName = z.string().regex(/^[a-z0-9-]{1,32}$/);
/** `[room, class, bucket, slot, tickets]`: so many came into the cell, or left it. */
const roomMove = z.tuple([roomName, z.enum(['m', 'n']), z.int(), z.int(), z.int()]);
export type RoomMove = z.infer<typeof roomMove>;
/** What a worker saw at the door of the waiting rooms since it last told. */
export const roomTidingsSchema = z.object({
  type: z.literal('room'),
  moves: z.array(roomMove).max(MAX_ROOM_MOVES),
  /** `[room, visitors who went in, called ones who found no room, looks at which called ones stood at the door without room]`. */
  entered: z.array(z.tuple([roomName, count, count, count])).max(MAX_ROOMS),
  /** `[room, people who found no room and had no ticket, people who were let in and then found no room]`. */
  turnedAway: z.array(z.tuple([roomName, count, count])).max(MAX_ROOMS),
  /** Tickets that let somebody in. */
  spent: z.array(z.int().nonnegative()).max(MAX_TOLD_SPENT),
});
export type RoomTidings = z.infer<typeof roomTidingsSchema>;

/** `[order, live tickets before it]`, ascending. */
const roomLine = z.object({ called: amount, points: z.array(z.tuple([amount, amount])).max(64) });
const roomNewsSchema = z.object({
  name: roomName,
  /** Nobody waits: whoever comes is let through to the gate, and gets a ticket where there is no room. */
  open: z.boolean(),
  lines: z.object({ m: roomLine, n: roomLine }),
  /** Tickets called a second, and the share by which that varies. */
  ratePerS: amount,
  spread: amount,
  /** Share of those who wait that gives up, a second. */
  leavesPerS: amount,
});
export type RoomNews = z.infer<typeof roomNewsSchema>;
/** People are gathered before an event, and let in when it starts. Epoch ms. */
const roomHoldSchema = z.object({
  startAt: amount,
  windowMs: amount,
  /** Paths whose pages are held; none: every page. */
  pages: z.array(z.string().max(2_048)).max(64),
});
export type RoomHold = z.infer<typeof roomHoldSchema>;
/** The waiting rooms as the primary keeps them; with no rooms and no hold they are off. */
export const roomStateSchema = z.object({
  type: z.literal('room'),
  rooms: z.array(roomNewsSchema).max(MAX_ROOMS),
  hold: roomHoldSchema.nullable(),
  /** Tickets that let somebody in, as the workers told since the last time. */
  spent: z.array(z.int().nonnegative()).max(MAX_TOLD_SPENT),
});
export type RoomState = z.infer<typeof roomStateSchema>;

/** From a worker or the lifeboat to the primary. */
export const upwardSchema = z.discriminatedUnion('type', [
  /** The site is loaded and the main page was rendered: may listen. `problem`: what is wrong with the main page; null: nothing. */
  z.object({ type: z.literal('ready'), publicPages: publicPagesSchema, problem: z.string().max(2_000).nullable() }),
  /** Accepts connections now. */
  z.object({ type: z.literal('listening') }),
  /** From the lifeboat: it no longer accepts, as it was told to leave. */
  z.object({ type: z.literal('port-closed') }),
  /** Its code failed: it no longer accepts, and ends within `withinMs`. */
  z.object({ type: z.literal('left'), withinMs: amount }),
  /** Could not start, and why. `mistakes`: the site module says what cannot be used; the reason has one line for each. */
  z.object({ type: z.literal('failed'), mistakes: z.boolean(), reason: z.string().max(2_000) }),
  beatSchema,
  /** "I am awake", between beats. */
  z.object({ type: z.literal('pulse') }),
  metricsDeltaSchema,
  /** How an operator's errand ended. */
  z.object({ type: z.literal('errand-done'), id: z.string().max(64), ok: z.boolean(), text: z.string().max(2_000) }),
  /** What a worker counted of its visitors (traffic/tally.ts), for the monitor: the primary does not read it. */
  z.object({ type: z.literal('traffic'), batch: z.string().max(MAX_TALLY_TEXT) }),
  /** Requests that it answered while somebody watches (tail/entry.ts), for the monitor: the primary does not read it. */
  z.object({ type: z.literal('tail'), batch: z.string().max(MAX_TAIL_TEXT) }),
  roomTidingsSchema,
  z.object(purgeFields),
  z.object(purgedFields),
  /** Wants to render the page of this key for everybody. */
  z.object({ type: z.literal('lease'), key: z.string().max(2_048), ttlMs: amount }),
  /** Is done with it; `stored`: the page can be read from the store. */
  z.object({ type: z.literal('release'), key: z.string().max(2_048), stored: z.boolean() }),
  z.object({ type: z.literal('broadcast'), topic: label, body: z.unknown() }),
  /** Wants the exposition, for a scrape on the public port. */
  z.object({ type: z.literal('scrape'), id: z.string().max(64), openMetrics: z.boolean() }),
  /** A connection that another worker is to answer: from the lifeboat any, from a worker the one that has the session. */
  z.object({ type: z.literal('hand-back'), ...connectionFields, sid: sessionId.optional() }),
  /** The app has opened a session of Socket.IO's polling, which only this worker knows. */
  z.object({ type: z.literal('session'), sid: sessionId }),
  /** From a worker: whether it has the connection. It reads no request of it before this is said. */
  z.object({ type: z.literal('taken'), id: z.string().max(64), taken: z.boolean() }),
]);
export type Upward = z.infer<typeof upwardSchema>;

/** From the primary to a worker or the lifeboat. */
export const downwardSchema = z.discriminatedUnion('type', [
  /** Comes with the handle of the port. `slowStart`: others serve already, so take less in the first second. */
  z.object({ type: z.literal('listen'), backlog: count, slowStart: z.boolean() }),
  /** For the lifeboat: where the site's public pages are. */
  z.object({ type: z.literal('public-pages'), publicPages: publicPagesSchema }),
  /** Stop accepting, keep what is open (the lifeboat leaving). */
  z.object({ type: z.literal('leave') }),
  /** Stop accepting, finish within `withinMs`, keep idle connections for `idleMs`, then exit 0. */
  z.object({ type: z.literal('drain'), withinMs: amount, idleMs: amount }),
  /** Within `forMs` let go of this share of the connections, with an answer each: another worker has come to share them. */
  z.object({ type: z.literal('rebalance'), share: z.number().min(0).max(1), forMs: amount }),
  /** Mode of the server, and the `/health` body to answer with, every tick that changed something and at least each second. */
  z.object({
    type: z.literal('mode'),
    mode: z.enum(MODES),
    health: z.string().max(16_384),
    httpStatus: z.union([z.literal(200), z.literal(503)]),
    /** Workers that serve: with one, no lease is needed. */
    serving: count,
    /** The lifeboat holds the port too: not every visitor reaches a worker. */
    lifeboat: z.boolean(),
  }),
  z.object({ type: z.literal('controls'), controls: controlsSchema }),
  /** An operator watches requests, for so long from now on: tell so many of them a second. 0: nobody watches any more. */
  z.object({
    type: z.literal('tail'),
    forMs: z.int().min(0).max(MAX_OPEN_MS),
    perSecond: z.number().min(1).max(MAX_PER_SECOND),
  }),
  /** Purges in memory and store of every process, as a site would. Answered by `errand-done`. */
  z.object({ type: z.literal('purge-errand'), id: z.string().max(64), tags, hard: z.boolean() }),
  /** Writes a CPU profile of so long to this file. Answered by `errand-done`, when it is written. */
  z.object({
    type: z.literal('profile'),
    id: z.string().max(64),
    seconds: z.int().min(1).max(30),
    file: z.string().max(4_096),
  }),
  roomStateSchema,
  /** An event is near or goes on: its pages are to be at hand. */
  z.object({
    type: z.literal('event'),
    active: z.boolean(),
    pages: z.array(z.string().max(2_048)).max(2_048),
    /** Other pages that people ask for most, as paths. */
    asked: z.array(z.string().max(2_048)).max(64),
  }),
  z.object(purgeFields),
  z.object(purgedFields),
  /** Answer to `lease`: granted, or held by another; `freed` when that one is done. */
  z.object({ type: z.literal('leased'), key: z.string().max(2_048), granted: z.boolean() }),
  /** To the one that renders: another worker waits for the page, so it is worth keeping. */
  z.object({ type: z.literal('wanted'), key: z.string().max(2_048) }),
  z.object({ type: z.literal('freed'), key: z.string().max(2_048), stored: z.boolean() }),
  z.object({ type: z.literal('broadcast'), topic: label, body: z.unknown() }),
  /** Answer to a scrape on the public port. */
  z.object({ type: z.literal('exposition'), id: z.string().max(64), text: z.string() }),
  /** There are sessions that only one worker knows: whoever asks for one of another worker is handed over. */
  z.object({ type: z.literal('sessions') }),
  /** To a worker: a connection that the lifeboat or another worker accepted. Answered by `taken`. */
  z.object({ type: z.literal('take'), ...connectionFields }),
  /** To whom it came from: whether a worker has the connection now; else it is theirs as before. */
  z.object({ type: z.literal('handed'), id: z.string().max(64), taken: z.boolean() }),
]);
export type Downward = z.infer<typeof downwardSchema>;
