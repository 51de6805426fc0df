// The load generator's own process: takes one load from its parent, runs it, reports, ends.
import { setPriority } from 'node:os';
import { runLoad } from './load/run-load.ts';
import type { LoadSpec } from './load/spec.ts';

const tell = (message: object, sent?: () => void): boolean | undefined =>
  process.send?.(message, undefined, undefined, sent);

// What else runs on its core must not make it late; only root may ask for this.
if (process.getuid?.() === 0) setPriority(-20);

process.once('message', async (spec: LoadSpec) => {
  const report = await runLoad(spec, (epochMs) => tell({ type: 'started', epochMs }));
  tell({ type: 'report', report }, () => process.disconnect?.());
});
