import { readConfig } from '../src/config.ts';
import { LOGS_USAGE, readLogsWords, showLogs } from '../src/engine/bin/logs.ts';
import { readEnvironment } from '../src/environment.ts';
import { fail } from './admin-port.ts';

const USAGE = `Usage: npm run logs -- ${LOGS_USAGE}
Prints the end of the log that the data folder keeps, and with --follow what comes, until Ctrl-C: words for people in a
terminal, else lines of JSON.`;

const words = process.argv.slice(2);
if (words[0] === '--help' || words[0] === '-h') console.log(USAGE);
else {
  const wish = readLogsWords(words);
  if (typeof wish === 'string') {
    console.error(`logs: ${wish}`);
    process.exitCode = 2;
  } else {
    try {
      showLogs(readConfig(readEnvironment().env).dataDir, wish, (text) => process.stdout.write(text));
    } catch (error) {
      fail('logs', error);
    }
  }
}
