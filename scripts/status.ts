import { readFleet } from '../src/engine/bin/control.ts';
import { statusLines } from '../src/engine/bin/status-lines.ts';
import { adminPort, fail, takesNothing } from './admin-port.ts';

const USAGE = `Usage: npm run status
Tells in a few lines how the server of this machine is: mode, workers, lifeboat, last step of the scaler, last reload.
Exit code 1 when no server answers.`;

const status = async (): Promise<string[]> => statusLines(await readFleet(adminPort()), Date.now());

if (takesNothing('status', USAGE, process.argv.slice(2))) {
  status().then(
    (lines) => console.log(lines.join('\n')),
    (error: unknown) => fail('status', error),
  );
}
