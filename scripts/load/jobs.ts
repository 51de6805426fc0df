import { closedLoop } from './closed-loop.ts';
import { holdConnections } from './held.ts';
import { runJourneys } from './journeys.ts';
import { runLoad } from './run-load.ts';

/** What a generator can be asked to do, by name. */
export const JOBS = {
  open: runLoad,
  closed: closedLoop,
  held: holdConnections,
  journeys: runJourneys,
};

export type JobName = keyof typeof JOBS;
export type JobSpec<Name extends JobName> = Parameters<(typeof JOBS)[Name]>[0];
export type JobReport<Name extends JobName> = Awaited<ReturnType<(typeof JOBS)[Name]>>;
