import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Config, readConfig } from './config.ts';
import { EXIT_USAGE, failStart, stop } from './engine/bin/failure.ts';
import { settingLines } from './engine/bin/setting-lines.ts';
import { type Environment, readEnvironment } from './environment.ts';

async function main(): Promise<void> {
  const [option] = process.argv.slice(2);
  if (option === '--help' || option === '-h') return help();
  if (option === '--version') return console.log(readConfig({}).version);
  if (option !== undefined) return stop(EXIT_USAGE, `unknown option ${option}; npm start -- --help lists the settings`);
  const role = process.env.TAHAN_INTERNAL_ROLE;
  if (role === undefined) {
    const { startPrimary } = await import('./engine/primary/main.ts');
    return startPrimary({ read: readSettings, main: new URL(import.meta.url) });
  }
  // The primary's children inherit an environment that holds the file's values already.
  const config = readConfig(process.env);
  const site = config.site === '' ? new URL('./site/index.ts', import.meta.url) : pathToFileURL(resolve(config.site));
  switch (role) {
    case 'prepare': {
      // Loaded here first, they are in the compile cache before the first of them starts: without it each would hold
      // the compiler of TypeScript in its memory (50 MB).
      await Promise.all([
        import('./engine/worker/main.ts'),
        import('./engine/lifeboat/main.ts'),
        import('./engine/monitor/main.ts'),
      ]);
      const { prepare } = await import('./engine/worker/prepare.ts');
      return prepare(config, site);
    }
    case 'worker': {
      const { startWorker } = await import('./engine/worker/main.ts');
      return startWorker(config, site);
    }
    case 'lifeboat': {
      const { startLifeboat } = await import('./engine/lifeboat/main.ts');
      return startLifeboat(config);
    }
    case 'monitor': {
      const { startMonitor } = await import('./engine/monitor/main.ts');
      return startMonitor(config);
    }
    default:
      return stop(EXIT_USAGE, `unknown role ${role}`);
  }
}

function readSettings(): Environment & { config: Config } {
  const environment = readEnvironment();
  return { ...environment, config: readConfig(environment.env) };
}

function help(): void {
  console.log(
    'Tahan: a web server for one VM that stays up when everyone arrives at once.\n\nStart: npm start     Settings are environment variables, or lines in the file .env:\n',
  );
  for (const line of settingLines()) console.log(line);
}

main().catch(failStart);
