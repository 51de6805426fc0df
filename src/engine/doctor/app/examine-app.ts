import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AppReport, appLines } from './app-lines.ts';
import { askPages } from './ask-pages.ts';
import { codeOf } from './frame-kind.ts';
import { frameworksOf } from './frameworks.ts';
import { hotSpots } from './hot-spots.ts';
import { lossesOf } from './losses.ts';
import { startApp } from './started-app.ts';

export interface AppToExamine {
  file: string;
  args: readonly string[];
  /** Folder of its package.json. */
  project: string;
  mainPage: string;
}

/**
 * Starts an app for a look, asks for some of its pages, ends it, and tells what was seen. `healthy`: nothing of it hurts.
 * @throws {AppStartError} it does not serve
 */
export async function examineApp({
  file,
  args,
  project,
  mainPage,
}: AppToExamine): Promise<ReturnType<typeof appLines>> {
  const app = await startApp(file, args);
  try {
    await app.startProfile();
    const pages = await askPages(app.port, mainPage);
    const profile = await app.stopProfile();
    const seen = await app.seen();
    const spots = hotSpots(profile, codeOf(new URL('../../', import.meta.url).href));
    const report: AppReport = {
      file: relative(process.cwd(), file),
      frameworks: frameworksOf(seen, project),
      app: seen.app,
      startedMs: app.startedMs,
      warnings: app.warnings(),
      pages,
      spots: spots.map((spot) => ({ ...spot, place: placeOf(spot.url, spot.line) })),
      losses: lossesOf(
        seen,
        pages.filter(({ isEventStream }) => isEventStream).map(({ path }) => path),
      ),
    };
    return appLines(report);
  } finally {
    await app.end();
  }
}

const placeOf = (url: string, line: number): string =>
  `${relative(process.cwd(), url.startsWith('file:') ? fileURLToPath(url) : url)}:${line}`;
