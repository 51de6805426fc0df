import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Config, ConfigError, readConfig, settingRows } from './config.ts';
import { SiteMistakesError } from './engine/mistakes.ts';
import { overriddenNames, readEnvironment } from './environment.ts';

/** sysexits.h: wrong usage, wrong configuration. */
const EXIT_USAGE = 64;
const EXIT_CONFIG = 78;

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
      await Promise.all([import('./engine/worker/main.ts'), import('./engine/lifeboat/main.ts')]);
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
    default:
      return stop(EXIT_USAGE, `unknown role ${role}`);
  }
}

function readSettings(): { config: Config; env: NodeJS.ProcessEnv; overridden: readonly string[] } {
  const env = readEnvironment();
  return { config: readConfig(env), env, overridden: overriddenNames() };
}

function help(): void {
  console.log(
    'Tahan: a web server for one VM that stays up when everyone arrives at once.\n\nStart: npm start     Settings are environment variables, or lines in the file .env:\n',
  );
  let group = '';
  for (const row of settingRows()) {
    if (row.group !== group) console.log(`${row.group}`);
    group = row.group;
    console.log(
      `  ${row.env.padEnd(28)} ${row.text}\n${' '.repeat(31)}${row.allowed}; default: ${row.standard || 'none'}`,
    );
  }
}

function stop(code: number, line: string): void {
  process.stderr.write(`tahan: ${line}\n`);
  process.exitCode = code;
}

main().catch((error: unknown) => {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) stop(EXIT_CONFIG, problem);
    return;
  }
  if (error instanceof SiteMistakesError) {
    for (const problem of error.problems) stop(EXIT_CONFIG, problem);
    // What the site has opened must not hold this process.
    process.exit();
  }
  const { exitCode = 1 } = error as { exitCode?: number };
  const known = ['PORT_UNAVAILABLE', 'DATA_FOLDER', 'SITE_START'].includes((error as { code?: string }).code ?? '');
  stop(
    exitCode,
    known ? (error as Error).message : error instanceof Error ? (error.stack ?? error.message) : String(error),
  );
  process.exit();
});
