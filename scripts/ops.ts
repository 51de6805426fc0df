import { readConfig } from '../src/config.ts';
import { actOn } from '../src/engine/bin/control.ts';
import { isOperatorWord, OPERATOR_HELP, readOperatorWords } from '../src/engine/bin/operator-words.ts';
import { operatorToken } from '../src/engine/secret.ts';
import { readEnvironment } from '../src/environment.ts';
import { adminPort, fail } from './admin-port.ts';

const USAGE = `Usage: npm run ops -- COMMAND, where COMMAND is one of\n${OPERATOR_HELP.map(([line, text]) => `  ${line.padEnd(24)} ${text}`).join('\n')}`;

const words = process.argv.slice(2);
const [first] = words;
if (first === undefined || first === '--help' || first === '-h') console.log(USAGE);
else if (!isOperatorWord(first)) {
  console.error(`ops: unknown command ${first}\n${USAGE}`);
  process.exitCode = 2;
} else {
  const action = readOperatorWords(words);
  if (typeof action === 'string') {
    console.error(action);
    process.exitCode = 2;
  } else {
    try {
      const { dataDir, adminToken } = readConfig(readEnvironment().env);
      console.log(await actOn(adminPort(), operatorToken(dataDir, adminToken).token, action));
    } catch (error) {
      fail('ops', error);
    }
  }
}
