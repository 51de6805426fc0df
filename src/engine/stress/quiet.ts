import type { Sample } from '../monitor-sample.ts';

/** So long it must have been calm before a run, ms. */
const CALM_MS = 60_000;
/** Offered load of the busiest resource over which visitors need what there is. */
const MAX_LOAD = 0.3;
/** Part of the time that other machines on the host take: with credits for CPU used up it is the visitors who pay. */
const MAX_STEAL = 0.03;
/** A run needs a core for itself, and this much memory (a whole server of its own). */
const LEAST_IDLE_CORES = 0.5;
const LEAST_MEMORY = 768 * 1_048_576;
/** Visitors come more and more: so many times as at its start, and so many a second besides. */
const RISE = 2;
const RISE_PER_SECOND = 5;
/** Work that waits for so long is late, ms. */
const MAX_QUEUE_DELAY_MS = 20;

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** Requests a second. */
export const rateOf = ({ outcomes, seconds }: Sample): number =>
  Object.values(outcomes).reduce((sum, count) => sum + count, 0) / Math.max(1, seconds);

/** What stands against a test at any time. `event`: a planned rush that is near or under way. */
function whyBusy(sample: Sample, event: string | undefined): string | undefined {
  const { mode, reason, loadRatio, host } = sample;
  if (event !== undefined) return `the event ${event} is near or under way`;
  if (mode !== 'calm') return `the server is ${mode}: ${reason}`;
  const load = Math.max(loadRatio.loop, loadRatio.pool, loadRatio.elsewhere);
  if (load > MAX_LOAD) return `visitors use ${percent(load)} of what there is`;
  if ((host.stealShare ?? 0) > MAX_STEAL) return `other machines take ${percent(host.stealShare!)} of the CPU (steal)`;
  return undefined;
}

/** Why no test may begin now; undefined: it may. */
export function whyNotNow(sample: Sample, event: string | undefined): string | undefined {
  const { at, modeSince, host } = sample;
  const busy = whyBusy(sample, event);
  if (busy !== undefined) return busy;
  if (at - modeSince < CALM_MS) return `it is calm for ${Math.round((at - modeSince) / 1_000)} s only`;
  if (host.idleCores !== null && host.idleCores < LEAST_IDLE_CORES)
    return `no core is free (${host.idleCores.toFixed(1)} idle)`;
  if (host.memoryAvailableBytes !== null && host.memoryAvailableBytes < LEAST_MEMORY)
    return `a server beside this one finds too little memory (${Math.round(host.memoryAvailableBytes / 1_048_576)} MiB)`;
  return undefined;
}

/** Why a test that runs must end at once; undefined: it may go on. `startRate`: requests a second as it began. */
export function whyStop(sample: Sample, event: string | undefined, startRate: number): string | undefined {
  const busy = whyBusy(sample, event);
  if (busy !== undefined) return busy;
  const rate = rateOf(sample);
  if (rate > startRate * RISE + RISE_PER_SECOND)
    return `visitors come more and more (${startRate.toFixed(0)} to ${rate.toFixed(0)} a second)`;
  const late = Math.max(0, ...sample.workers.map(({ queueDelayMs }) => queueDelayMs));
  return late > MAX_QUEUE_DELAY_MS ? `visitors wait (${Math.round(late)} ms)` : undefined;
}
