/** One kind of request in a load, with statistics of its own. */
export interface LoadClass {
  name: string;
  /** Part of all requests; the shares of a load need not add up to 1. */
  share: number;
  /** Path with query; `:n` becomes the number of a page. */
  path: string;
  /** Pages behind `:n`, and how they are picked: Zipf (exponent 1), or one after the other. */
  pages?: { count: number; pick: 'zipf' | 'sequence' };
  /** Further request headers. */
  headers?: Record<string, string>;
  /** Fields of a form: then it is a POST. */
  form?: Record<string, string>;
  /** Sent in turn, where requests differ in more than the number of a page; each is laid over what the class says. */
  variants?: { path?: string; headers?: Record<string, string>; form?: Record<string, string> }[];
  /** Status of a good answer: 303 of a form that is answered so. Default 200. */
  expect?: number;
  /** In the place of the load's. */
  deadlineMs?: number;
}

export interface Phase {
  seconds: number;
  /** Requests per second, all classes together. */
  rate: number;
  /** Sent but not counted. */
  warmUp?: boolean;
  /** Names of the classes whose requests come in this phase. Default: all. */
  only?: string[];
}

/** How a visitor who was not served comes again. He counts once, by what became of him in the end, from when he first came. */
export interface Retry {
  /** Tries beyond the first. */
  times: number;
  /** Mean time before the next try, ms; each draws between half of it and one and a half. */
  afterMs: number;
}

/** An open-loop load: requests are sent when they are due, whatever became of those before. */
export interface LoadSpec {
  host: string;
  port: number;
  /** A connection per request, or a pool of kept connections that grows as needed. */
  connections: 'new' | 'keep-alive';
  /** Connections that are open before the first request: visitors who were there already. Only with keep-alive. */
  openFirst: number;
  phases: Phase[];
  classes: LoadClass[];
  seed: number;
  /** A 200 counts as good when it is complete within this time of the intended send. */
  deadlineMs: number;
  /** Then the request is given up. */
  timeoutMs: number;
  /** Requests in flight at most; those over it are counted as unsent. */
  maxInFlight: number;
  /** Width of a step of the time series. */
  bucketMs: number;
  /** Visitors who are not served come again; absent: they do not. */
  retry?: Retry;
  /** A host beyond loopback that the person who runs this owns: only that one may be loaded, and gently. */
  ownHost?: string;
  /** Lateness of the generator (p99) over which its numbers are void, ms. Default: the bench's. */
  maxSendLagMs?: number;
  /** Response headers whose values are counted, joined by a space, at most 1,000 different ones per class. */
  watch: string[];
}

export const LOAD_STANDARD = {
  host: '127.0.0.1',
  seed: 1,
  openFirst: 0,
  deadlineMs: 500,
  timeoutMs: 2_000,
  maxInFlight: 10_000,
  bucketMs: 1_000,
  watch: [],
} satisfies Partial<LoadSpec>;

/** The load would leave this machine or never end. */
export class LoadRefusedError extends Error {
  readonly code = 'LOAD_REFUSED';
  constructor(reason: string) {
    super(reason);
    this.name = 'LoadRefusedError';
  }
}

const MAX_SECONDS = 1_800;
const MAX_RATE = 50_000;
const MAX_BUCKETS = 20_000;

/** Most of a load beyond loopback: a test must not be an attack. */
const MAX_RATE_BEYOND = 500;
const MAX_RETRIES = 10;

const LOOPBACK = /^127(\.\d{1,3}){3}$/;

/**
 * @throws {LoadRefusedError} for a target that is not loopback, or a load without sensible bounds
 */
export function assertBounded(spec: LoadSpec): void {
  const beyond = !LOOPBACK.test(spec.host);
  if (beyond && spec.ownHost !== spec.host)
    throw new LoadRefusedError(`target ${spec.host}: only 127.0.0.0/8 may be loaded`);
  const maxRate = beyond ? MAX_RATE_BEYOND : MAX_RATE;
  if (
    spec.retry !== undefined &&
    !(spec.retry.times >= 0 && spec.retry.times <= MAX_RETRIES && spec.retry.afterMs >= 1)
  )
    throw new LoadRefusedError(`${spec.retry.times} retries: allowed are 0 to ${MAX_RETRIES}, 1 ms or more apart`);
  const seconds = spec.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  if (!(seconds > 0 && seconds <= MAX_SECONDS))
    throw new LoadRefusedError(`${seconds} s of load: allowed are up to ${MAX_SECONDS} s`);
  for (const { rate } of spec.phases) {
    if (!(rate >= 0 && rate <= maxRate)) throw new LoadRefusedError(`${rate} requests/s: allowed are 0 to ${maxRate}`);
  }
  if (!(spec.openFirst >= 0 && spec.openFirst <= spec.maxInFlight))
    throw new LoadRefusedError(`${spec.openFirst} connections to begin with: allowed are up to ${spec.maxInFlight}`);
  const names = new Set(spec.classes.map(({ name }) => name));
  for (const { only = [] } of spec.phases) {
    const unknown = only.find((name) => !names.has(name));
    if (unknown !== undefined) throw new LoadRefusedError(`a phase of class ${unknown}, which the load does not have`);
  }
  if (spec.classes.some(({ variants }) => variants?.length === 0))
    throw new LoadRefusedError('a class with an empty list of variants');
  if (spec.classes.length === 0 || spec.classes.length > 16) throw new LoadRefusedError('a load has 1 to 16 classes');
  if ((seconds * 1000) / spec.bucketMs > MAX_BUCKETS)
    throw new LoadRefusedError(`more than ${MAX_BUCKETS} steps in the time series`);
}
