import { readConfig } from '../src/config.ts';
import { runTop } from '../src/engine/bin/top.ts';
import { operatorToken } from '../src/engine/secret.ts';
import { readEnvironment } from '../src/environment.ts';
import { adminPort, fail, takesNothing } from './admin-port.ts';

const USAGE = `Usage: npm run top
Shows the server of this machine each second: what visitors get, what limits it, alerts, the fleet. q or Ctrl-C ends it.
Where stdout is no terminal, it is shown once. Exit code 1 when no server answers.`;

if (takesNothing('top', USAGE, process.argv.slice(2))) {
  try {
    const { dataDir, adminToken } = readConfig(readEnvironment().env);
    await runTop(adminPort(), operatorToken(dataDir, adminToken).token);
  } catch (error) {
    fail('top', error);
  }
}
