import { isServing, type WorkerView } from './view.ts';

export interface MemoryOptions {
  /** A serving worker over it is replaced gently: the spare is promoted first. 0: no limit. Bytes of RSS. */
  softBytes: number;
  /** A worker over it is ended at once. 0: no limit. Bytes of RSS. */
  hardBytes: number;
  /** No step up that takes the memory in use past this share of the limit. */
  maxShare: number;
  /** A worker younger than this is over the soft limit by nature, not by a leak: replacing it would go on for ever, ms. */
  leastServiceMs: number;
  /** Time between two gentle replacements, ms. */
  apartMs: number;
}

export const MEMORY_DEFAULTS: MemoryOptions = {
  softBytes: 0,
  hardBytes: 0,
  maxShare: 0.85,
  leastServiceMs: 60_000,
  apartMs: 30_000,
};

/**
 * A worker with a full page cache and its pool threads has 200 to 350 MiB, one that renders a heavy framework's pages up
 * to a GiB: a lower limit would end healthy ones, bytes. On a machine that has less than two of these, half of it.
 */
const LEAST_HARD_BYTES = 1_024 * 1_048_576;
const SOFT_SHARE = 0.75;

/**
 * The limits of each worker: what is given, else hard what each may have when all of `processes` have it (on a small
 * machine never less than a healthy worker needs), and soft three quarters of that.
 */
export function rssLimits(
  given: { softBytes: number | undefined; hardBytes: number | undefined },
  memoryBytes: number | undefined,
  processes: number,
  maxShare = MEMORY_DEFAULTS.maxShare,
): { softBytes: number; hardBytes: number } {
  const share = memoryBytes === undefined ? 0 : Math.floor((memoryBytes * maxShare) / Math.max(1, processes));
  const least = Math.min(LEAST_HARD_BYTES, (memoryBytes ?? 0) / 2);
  const byMemory = share === 0 ? 0 : Math.floor(Math.max(least, share, (given.softBytes ?? 0) / SOFT_SHARE));
  const hardBytes = given.hardBytes ?? byMemory;
  return { softBytes: given.softBytes ?? Math.floor(hardBytes * SOFT_SHARE), hardBytes };
}

export interface HostMemory {
  /** Memory that may be used: the machine's, or the cgroup's limit where that is lower. Undefined: not known. */
  memoryLimitBytes: number | undefined;
  memoryAvailableBytes: number | undefined;
}

const mib = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;

/** Memory that one more worker takes: the mean of those that serve. 0: nothing is known. */
export function workerBytes(workers: readonly WorkerView[]): number {
  let sum = 0;
  let known = 0;
  for (const worker of workers) {
    if (!isServing(worker) || worker.beat === undefined) continue;
    sum += worker.beat.rssBytes;
    known += 1;
  }
  return known === 0 ? 0 : sum / known;
}

/**
 * How many more processes of `bytesEach` fit under the share of the limit, up to `most`; when that is none, why.
 * Where the memory is not known all of them do.
 */
export function fittingProcesses(
  host: HostMemory,
  bytesEach: number,
  most: number,
  maxShare: number,
): { fit: number; why: string } {
  const { memoryLimitBytes: limit, memoryAvailableBytes: available } = host;
  if (limit === undefined || available === undefined) return { fit: most, why: '' };
  const used = limit - available;
  const room = limit * maxShare - used;
  const fit = bytesEach > 0 ? Math.floor(room / bytesEach) : room > 0 ? most : 0;
  if (fit >= 1) return { fit: Math.min(most, fit), why: '' };
  return {
    fit: 0,
    why: `${mib(used)} of ${mib(limit)} used, a worker takes ${mib(bytesEach)}, the bound is ${Math.round(maxShare * 100)} %`,
  };
}

export interface MemoryGuardState {
  lastGentleAt: number;
}

export const NO_RECYCLES: MemoryGuardState = { lastGentleAt: Number.NEGATIVE_INFINITY };

export interface Recycle {
  name: string;
  /** `gentle`: promote the spare, then drain it. `now`: end it. */
  how: 'gentle' | 'now';
  reason: string;
}

/**
 * Which worker must go for its memory; the biggest first, one at a time. `operation`: the fleet is in the middle of
 * something, so only the hard limit counts.
 */
export function memoryGuard(
  workers: readonly WorkerView[],
  operation: boolean,
  before: MemoryGuardState,
  now: number,
  options: MemoryOptions,
): { recycle: Recycle | undefined; state: MemoryGuardState } {
  const biggest = biggestOf(workers.filter(({ state }) => state !== 'dead'));
  if (biggest !== undefined && options.hardBytes > 0 && rssOf(biggest) > options.hardBytes) {
    return {
      recycle: {
        name: biggest.name,
        how: 'now',
        reason: `${biggest.name} uses ${mib(rssOf(biggest))}, over the hard limit of ${mib(options.hardBytes)}`,
      },
      state: before,
    };
  }
  const leaky = biggestOf(workers.filter((worker) => isLeaky(worker, now, options)));
  if (operation || leaky === undefined || now - before.lastGentleAt < options.apartMs)
    return { recycle: undefined, state: before };
  return {
    recycle: {
      name: leaky.name,
      how: 'gentle',
      reason: `${leaky.name} uses ${mib(rssOf(leaky))}, over the soft limit of ${mib(options.softBytes)}`,
    },
    state: { lastGentleAt: now },
  };
}

const rssOf = (worker: WorkerView): number => worker.beat?.rssBytes ?? 0;

const biggestOf = (workers: readonly WorkerView[]): WorkerView | undefined =>
  workers.reduce<WorkerView | undefined>(
    (most, worker) => (most === undefined || rssOf(worker) > rssOf(most) ? worker : most),
    undefined,
  );

const isLeaky = (worker: WorkerView, now: number, { softBytes, leastServiceMs }: MemoryOptions): boolean =>
  softBytes > 0 && isServing(worker) && rssOf(worker) > softBytes && now - (worker.servingAt ?? now) >= leastServiceMs;
