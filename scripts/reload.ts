import { reloadServer } from '../src/engine/bin/control.ts';
import { adminPort, fail, takesNothing } from './admin-port.ts';

const USAGE = `Usage: npm run reload
Checks the settings, asks the server of this machine to reload, and tells how it went. Exit code 1 when it did not.`;

const reload = async (): Promise<string> => reloadServer(adminPort());

if (takesNothing('reload', USAGE, process.argv.slice(2))) {
  reload().then(
    (line) => console.log(line),
    (error: unknown) => fail('reload', error),
  );
}
