import { basename, dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { moduleNear } from '../module-near.ts';
import { type Started, startPrimary } from '../primary/main.ts';
import type { Entry } from './find-entry.ts';
import { projectOf } from './find-entry.ts';
import { makeDataFolder, writeServerFile } from './server-file.ts';
import { settingsFor, standardDataDir } from './settings.ts';

/**
 * Serves an app in front of which stands nothing but the word `tahan`.
 * @throws what stops the start
 */
export async function run({ file, args }: Entry): Promise<void> {
  const read = await settingsFor(file);
  const { dataDir } = read().config;
  if (dataDir === standardDataDir(projectOf(dirname(file)))) makeDataFolder(dataDir);
  await startPrimary({
    read,
    main: moduleNear('./child', import.meta.url),
    worker: {
      exec: file,
      args: [...args],
      execArgv: [...process.execArgv, '--import', fileURLToPath(moduleNear('../worker/preload', import.meta.url))],
    },
    announce(started) {
      const { adminHost, dataDir: folder } = started.config;
      writeServerFile(folder, { pid: process.pid, adminHost, adminPort: started.adminPort, url: started.url });
      for (const line of introduction(file, started)) console.log(line);
    },
  });
}

/** Five lines that a person understands. */
function introduction(file: string, { url, adminUrl, config }: Started): string[] {
  const { workersMin, workersMax, deadlineMs, dataDir } = config;
  const folder = relative(process.cwd(), dataDir);
  return [
    `Tahan serves ${basename(file)} at ${url}`,
    `  workers    ${workersMin === workersMax ? workersMax : `${workersMin} to ${workersMax}, as many as the visitors need`}; one that dies is replaced`,
    '  cached     what the app declares: Cache-Control with public or s-maxage, and a lifetime; routes of tahan.config',
    `  protected  every route: who finds no room is told at once, nobody waits over ${deadlineMs / 1_000} s, and the main page is kept for times of need`,
    `  look       tahan status, ${adminUrl}/fleet and /metrics; files are in ${folder.startsWith('..') || folder === '' ? dataDir : folder}`,
  ];
}
