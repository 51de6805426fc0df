import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { readConfig } from '../../config.ts';
import { EXIT_USAGE, failStart, stop } from './failure.ts';

/** The processes of `tahan ENTRY` that do not run the app: the lifeboat, the monitor, and the one that prepares a site of Tahan's own kind. */
async function main(): Promise<void> {
  const { TAHAN_INTERNAL_ROLE: role, TAHAN_INTERNAL_ENTRY: entry = '' } = process.env;
  const config = readConfig(process.env);
  switch (role) {
    case 'prepare': {
      if (!mayPrepare(entry)) return;
      const { prepare } = await import('../worker/prepare.ts');
      return prepare(config, pathToFileURL(entry));
    }
    case 'lifeboat': {
      const { startLifeboat } = await import('../lifeboat/main.ts');
      return startLifeboat(config);
    }
    case 'monitor': {
      const { startMonitor } = await import('../monitor/main.ts');
      return startMonitor(config);
    }
    default:
      return stop(EXIT_USAGE, `unknown role ${role}`);
  }
}

/** Whether a module may export `prepareSite`: an app of others must not run here, where it would listen. */
const mayPrepare = (file: string): boolean => /\bprepareSite\b/.test(readFileSync(file, 'utf8'));

main().catch(failStart);
