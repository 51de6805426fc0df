import { ConfigError, readConfig } from '../src/config.ts';
import { reloadServer } from '../src/engine/bin/control.ts';
import { readEnvironment } from '../src/environment.ts';

/** `npm run reload`: checks the settings, asks the server of this machine to reload, and tells how it went. */
async function reload(): Promise<string> {
  const { adminHost, adminPort } = readConfig(readEnvironment());
  if (adminPort === 0)
    throw new Error('TAHAN_ADMIN_PORT is 0, so the server cannot be found; send SIGHUP to its process instead');
  return reloadServer({ host: adminHost, port: adminPort });
}

reload().then(
  (line) => console.log(line),
  (error: unknown) => {
    if (error instanceof ConfigError)
      console.error(`reload: nothing was done, the settings are wrong:\n  ${error.problems.join('\n  ')}`);
    else console.error(`reload: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = error instanceof ConfigError ? 78 : 1;
  },
);
