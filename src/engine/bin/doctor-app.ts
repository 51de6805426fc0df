import { dirname } from 'node:path';
import { readAppConfig } from '../app-config.ts';
import { examineApp } from '../doctor/app/examine-app.ts';
import { type Entry, projectOf } from './find-entry.ts';
import { appConfigPath } from './settings.ts';

/**
 * `tahan doctor FILE`: writes what was found of an app; exit code 1 where something of it will hurt.
 * @throws {AppStartError | AppConfigError} it cannot be started for a look
 */
export async function lookAtApp({ file, args }: Entry): Promise<void> {
  const project = projectOf(dirname(file));
  const { mainPage = '/' } = await readAppConfig(appConfigPath(project));
  const { lines, healthy } = await examineApp({ file, args, project, mainPage });
  console.log(lines.join('\n'));
  process.exitCode = healthy ? 0 : 1;
}
