import { availableParallelism, cpus } from 'node:os';
import type { Circumstances } from './run-record.ts';

/** Of this process, and of a site of this version. */
export const circumstances = (version: string): Circumstances => ({
  version,
  node: process.versions.node,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
});

/** What differs, in words; empty: nothing. */
export function differences(then: Circumstances, now: Circumstances): string[] {
  const found: string[] = [];
  if (then.version !== now.version) found.push(`version ${then.version}, not ${now.version}`);
  if (then.node !== now.node) found.push(`Node.js ${then.node}, not ${now.node}`);
  if (then.cpu !== now.cpu) found.push(`a ${then.cpu}`);
  if (then.cores !== now.cores) found.push(`${then.cores} cores, not ${now.cores}`);
  return found;
}
