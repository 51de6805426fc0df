// The load generator's own process: takes one job from its parent, runs it, reports, ends.
import { setPriority } from 'node:os';
import { JOBS, type JobName, type JobSpec } from './jobs.ts';

const tell = (message: object, sent?: () => void): boolean | undefined =>
  process.send?.(message, undefined, undefined, sent);

// What else runs on its core must not make it late; only root may ask for this. But visitors come before a quiet test.
if (process.getuid?.() === 0 && process.env.TAHAN_INTERNAL_QUIET === undefined) setPriority(-20);

// A load whose parent is gone is nobody's.
process.once('disconnect', () => process.exit());

process.once('message', async ({ name, spec }: { name: JobName; spec: JobSpec<JobName> }) => {
  const job = JOBS[name] as (spec: JobSpec<JobName>, onStart: () => void) => Promise<object>;
  const report = await job(spec, () => tell({ type: 'started' }));
  tell({ type: 'report', report }, () => process.disconnect?.());
});
