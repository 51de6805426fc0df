// The load generator's own process: takes one load from its parent, runs it, reports, ends.
import { runLoad } from './load/run-load.ts';
import type { LoadSpec } from './load/spec.ts';

const tell = (message: object, sent?: () => void): boolean | undefined =>
  process.send?.(message, undefined, undefined, sent);

process.once('message', async (spec: LoadSpec) => {
  const report = await runLoad(spec, (epochMs) => tell({ type: 'started', epochMs }));
  tell({ type: 'report', report }, () => process.disconnect?.());
});
