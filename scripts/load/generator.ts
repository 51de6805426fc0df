// The load generator's own process: takes one job from its parent, runs it, reports, ends.
import { setPriority } from 'node:os';
import { JOBS, type JobName, type JobSpec } from './jobs.ts';

const tell = (message: object, sent?: () => void): boolean | undefined =>
  process.send?.(message, undefined, undefined, sent);

// A load whose parent is gone is nobody's.
process.once('disconnect', () => process.exit());

/**
 * Of the open loop; only root may ask for it. Beside two busy loops on two cores it sends 4 ms late (p99), as at -20, which takes more from
 * the server; at 0 it was 6 to 9 ms.
 */
const NICE = -5;

process.once('message', async ({ name, spec }: { name: JobName; spec: JobSpec<JobName> }) => {
  // A load must be punctual, whatever else runs on its core. A closed loop keeps its turn: beside
  // other work Linux takes a group's share of the CPU to its tasks of high priority, and the server got a tenth of it (measured
  // beside wrk). And visitors come before a quiet test.
  if (name !== 'closed' && process.getuid?.() === 0 && process.env.TAHAN_INTERNAL_QUIET === undefined)
    setPriority(NICE);
  const job = JOBS[name] as (spec: JobSpec<JobName>, onStart: () => void) => Promise<object>;
  const report = await job(spec, () => tell({ type: 'started' }));
  tell({ type: 'report', report }, () => process.disconnect?.());
});
