import { readConfig } from '../src/config.ts';
import { examine } from '../src/engine/doctor/doctor.ts';
import { readEnvironment } from '../src/environment.ts';
import { fail, takesNothing } from './admin-port.ts';

const USAGE = `Usage: npm run doctor
What of this machine will hurt in a surge: limits, network, quota, memory, disk, clock; each with the number seen, the
number wanted and the command. Exit code 1 when something will.`;

if (takesNothing('doctor', USAGE, process.argv.slice(2))) {
  try {
    const { lines, healthy } = await examine(readConfig(readEnvironment().env));
    console.log(lines.join('\n'));
    process.exitCode = healthy ? 0 : 1;
  } catch (error) {
    fail('doctor', error);
  }
}
