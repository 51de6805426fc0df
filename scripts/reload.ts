import { readConfig } from '../src/config.ts';
import { reloadServer } from '../src/engine/bin/control.ts';
import { writeForce } from '../src/engine/events/force.ts';
import { readEnvironment } from '../src/environment.ts';
import { adminPort, fail, takesNothing } from './admin-port.ts';

const USAGE = `Usage: npm run reload [-- --force]
Checks the settings, asks the server of this machine to reload, and tells how it went. Exit code 1 when it did not.
--force: while an event goes on, too.`;

const args = process.argv.slice(2);
const force = args.length === 1 && args[0] === '--force';
const reload = async (): Promise<string> => {
  if (force) writeForce(readConfig(readEnvironment().env).dataDir);
  return reloadServer(adminPort());
};

if (takesNothing('reload', USAGE, force ? [] : args)) {
  reload().then(
    (line) => console.log(line),
    (error: unknown) => fail('reload', error),
  );
}
