import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { harJourney, harSteps } from './har-journey.ts';
import type { Journey } from './journey.ts';

/** The file has no journey; the message says what it must have. */
export class JourneyError extends Error {
  readonly code = 'JOURNEY';
  override readonly name = 'JourneyError';
}

/**
 * The journey of a file: a module with `export default journey`, or a HAR file. Default: the built-in site's.
 * @throws {JourneyError | HarError}
 */
export async function loadJourney(file: string | undefined): Promise<Journey> {
  if (file === undefined) return (await import('./site-journey.ts')).default;
  if (file.endsWith('.har')) return harJourney(harSteps(await readFile(file, 'utf8')));
  const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  if (typeof module.default !== 'function')
    throw new JourneyError(`${file}: must have "export default" with a function that takes a visitor`);
  return module.default as Journey;
}
