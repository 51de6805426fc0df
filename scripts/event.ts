import { readConfig } from '../src/config.ts';
import { failStart } from '../src/engine/bin/failure.ts';
import { runEventCommand } from '../src/engine/events/command.ts';
import { readEnvironment } from '../src/environment.ts';

/** `npm run event -- add|list|remove`: times for which the server makes itself ready. */
try {
  const { dataDir } = readConfig(readEnvironment().env);
  console.log(runEventCommand(process.argv.slice(2), dataDir, Date.now()).join('\n'));
} catch (error) {
  failStart(error);
}
