import { z } from 'zod';
import { MODES } from './beats.ts';
import { FEATURE_STATES } from './features/types.ts';
import { actionSchema } from './operator-action.ts';

/** What became of a request, as a visitor sees it. `rendered`: a page made for the cache; `site`: the site's own answer. */
export const OUTCOMES = ['fresh', 'last_good', 'rendered', 'site', 'refused', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What bounds the server at the moment, by name. */
export const LIMITS = ['loop', 'pool', 'upstream', 'memory', 'database lock'] as const;
export type Limit = (typeof LIMITS)[number];

const amount = z.number().nonnegative().finite();
const count = z.int().nonnegative();
const words = z.string().max(2_000);

/** A worker in a sample. Counts are of the sample's time. */
export const workerSampleSchema = z.object({
  name: z.string().max(64),
  pid: count,
  /** As in the fleet; `silent`: it should serve, and gives no sign of life. */
  state: z.string().max(16),
  /** Since its process was started, and since it serves; 0: it does not. */
  ageSeconds: amount,
  servingSeconds: amount,
  connections: count,
  inFlight: count,
  queued: count,
  queueDelayMs: amount,
  lagP50Ms: amount,
  lagP99Ms: amount,
  elu: amount,
  rssBytes: count,
  heapBytes: count,
  completed: count,
  refused: count,
  arrived: count,
  poolQueued: count,
  poolRunning: count,
  sqliteWaitMs: amount,
  features: z.record(z.string().max(64), z.enum(FEATURE_STATES)),
  /** Why it could not start or was ended; empty: nothing was said. */
  lastWords: words,
});
export type WorkerSample = z.infer<typeof workerSampleSchema>;

/** Routes with times of their own in one sample, `other` among them. */
export const MAX_SAMPLE_ROUTES = 21;
/** Requests of a route by how long they took: counts in the buckets of `http_request_duration_seconds`. */
const routeTimesSchema = z.object({ route: z.string().max(200), counts: z.array(count).max(32) });
export type RouteTimes = z.infer<typeof routeTimesSchema>;

/** Holds that a sample tells. */
export const MAX_HOLDS = 64;
/** What an operator changed beside the settings. */
const holdSchema = z.object({
  what: z.string().max(300),
  /** Epoch ms. */
  since: amount,
  /** When it ends by itself, epoch ms; null: it does not. */
  until: amount.nullable(),
  /** What lets it go. */
  back: actionSchema,
});
export type Hold = z.infer<typeof holdSchema>;

/** One second of the whole server, at rest five. Counts are of this time, times ms, sizes bytes, shares 0 to 1. */
export const sampleSchema = z.object({
  /** Its end, epoch ms. */
  at: amount,
  /** Length it covers. */
  seconds: amount,
  mode: z.enum(MODES),
  reason: words,
  /** Since when it is so, epoch ms. */
  modeSince: amount,
  lifeboat: z.boolean(),
  /** Answers of the lifeboat; they are among the outcomes, too. */
  lifeboatAnswers: count,
  /** Connections that the kernel holds and nobody accepted; null where it does not tell. */
  backlog: count.nullable(),
  outcomes: z.record(z.enum(OUTCOMES), count),
  /** From the arrival to the end of the answer; only outcomes that came. */
  latency: z.partialRecord(z.enum(OUTCOMES), z.object({ p50: amount, p99: amount })),
  /** How long tasks waited for a thread of the pool; null: none came. */
  poolWait: z.object({ p50: amount, p99: amount }).nullable(),
  /** Most requests first. */
  routes: z.array(routeTimesSchema).max(MAX_SAMPLE_ROUTES),
  /** Refused by the gate, by its reason. */
  refusedWhy: z.record(z.string().max(64), count),
  /** Requests refused by route, most first; at most 5. */
  refusedWhere: z.array(z.object({ route: z.string().max(200), count })).max(5),
  /** Sign-ins that were not let in: a POST to a route that is called so, answered 401, 403 or 429. */
  failedSignIns: count,
  /** Offered load of each resource: 1 is as much as can be done. */
  loadRatio: z.object({ loop: amount, pool: amount, elsewhere: amount }),
  limiting: z.enum(LIMITS).nullable(),
  workers: z.array(workerSampleSchema).max(256),
  target: count,
  min: count,
  max: count,
  spares: count,
  /** The scaler's last; `vetoed`: more workers were called for, and refused. */
  decision: z
    .object({
      at: amount,
      lastAt: amount,
      action: z.string().max(16),
      cause: z.string().max(32),
      reason: words,
      vetoed: z.boolean(),
    })
    .nullable(),
  crashLoop: z.boolean(),
  /** Workers that ended unasked, and of them those that could not be forked. */
  deaths: count,
  failedForks: count,
  host: z.object({
    cores: amount,
    idleCores: amount.nullable(),
    stealShare: amount.nullable(),
    memoryAvailableBytes: amount.nullable(),
    memoryLimitBytes: amount.nullable(),
  }),
  /** How late the primary's own tick came, over this time. */
  tickLateP99Ms: amount,
  cache: z.object({ pages: count, bytes: count }),
  /** Newest first; `holdsLeftOut`: so many more are in force. */
  holds: z.array(holdSchema).max(MAX_HOLDS),
  holdsLeftOut: count,
});
/** One second of the whole server, as the primary tells the monitor. */
export type Sample = z.infer<typeof sampleSchema>;

export const EVENT_KINDS = [
  'start',
  'reload',
  'scale',
  'mode',
  'alert',
  'death',
  'purge',
  'event',
  'note',
  'action',
  'gap',
] as const;
export const SEVERITIES = ['info', 'warn', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Something on the time axis. */
export const opsEventSchema = z.object({
  /** Epoch ms. */
  at: amount,
  kind: z.enum(EVENT_KINDS),
  text: words,
  severity: z.enum(SEVERITIES).optional(),
  data: z
    .record(z.string().max(64), z.union([words, z.number()]))
    .refine((data) => Object.keys(data).length <= 32)
    .optional(),
});
export type OpsEvent = z.infer<typeof opsEventSchema>;
