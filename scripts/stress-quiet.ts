// A short test at the lowest priority: started by the monitor (TAHAN_STRESS_SCHEDULE), which takes the result and may end
// the whole group of processes at any time.
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { readConfig } from '../src/config.ts';
import { readEnvironment } from '../src/environment.ts';
import { measureQuietly } from './stress/quiet-run.ts';

const LOWEST = 19;
setPriority(LOWEST);
try {
  // A group of its own is one to Linux's autogroup scheduler, too: there the niceness of the group is what counts.
  writeFileSync('/proc/self/autogroup', String(LOWEST));
} catch {
  // not there: the niceness of the process counts
}
process.once('disconnect', () => process.exit(1));

try {
  const measured = await measureQuietly(readConfig(readEnvironment().env).dataDir);
  process.send?.(measured, undefined, undefined, () => process.disconnect?.());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`, () => process.exit(1));
}
