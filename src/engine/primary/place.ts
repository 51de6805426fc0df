import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { SETTINGS } from '../../config.ts';
import { withCompileCache } from './compile-cache.ts';
import { followRelease, type Release, type WorkerProgram } from './release.ts';
import { type AfterReload, overriddenLines, type ReadSettings, renewed, type Settings } from './settings.ts';

/** Where the server runs: its folder, its program, and the settings that it finds there. */
export interface Place {
  /** The settings of the start. */
  first: (read: ReadSettings) => Settings;
  /** Goes to the release that is there now, and reads its settings. @throws {ConfigError | Error} */
  read: (before: Settings) => AfterReload;
  /** Goes back to the release that serves on. */
  stay: (release: Release) => void;
}

export interface PlaceParts {
  /** The program of the children, and of workers where that is another one. */
  main: URL;
  worker: WorkerProgram | undefined;
  /** The one in use. */
  port: number;
  /** Reads the settings in the present folder. @throws {ConfigError} */
  read: () => ReadSettings;
  log: Logger;
}

export function createPlace({ main, worker, port, read, log }: PlaceParts): Place {
  const program = fileURLToPath(main);
  const start: Release = { cwd: process.cwd(), main: program, worker: worker ?? { exec: program, args: [] } };
  const { folder, find } = followRelease({ ...start, env: process.env, argument: process.argv[1] });
  /** The data stays where it is when a release has another folder. */
  const settingsOf = ({ config, env }: ReadSettings, release: Release): Settings => {
    const dataDir = resolve(start.cwd, env.TAHAN_DATA_DIR?.trim() || SETTINGS.dataDir.default!);
    const ours = { ...env, TAHAN_DATA_DIR: dataDir, TAHAN_INTERNAL_PORT: String(port) };
    return { config: { ...config, dataDir }, env: withCompileCache(ours, dataDir), release };
  };

  return {
    first: (given) => settingsOf(given, start),
    read(before) {
      const release = find();
      process.chdir(release.cwd);
      const given = read();
      const after = renewed(before, settingsOf(given, release));
      const ignored = [...after.ignored, ...overriddenLines(given.overridden)];
      const { dataDir } = after.config;
      if (release.cwd !== start.cwd && `${dataDir}${sep}`.startsWith(`${start.cwd}${sep}`)) {
        ignored.push(
          `the data stays in ${dataDir}, in a release that ${folder} no longer leads to; a start would not find it there: set TAHAN_DATA_DIR`,
        );
      }
      return { ...after, ignored };
    },
    stay(release) {
      try {
        process.chdir(release.cwd);
      } catch (error) {
        log.warn({ error: String(error) }, `the folder of the version that serves is gone: ${release.cwd}`);
      }
    },
  };
}
