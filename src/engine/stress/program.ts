import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { moduleNear } from '../module-near.ts';

/**
 * The program of a scheduled run, a process of its own, which knows the pages of the built-in site.
 * Undefined: this is an installed package, which has no such site.
 */
export function stressProgram(): string | undefined {
  const file = fileURLToPath(new URL('../../../scripts/stress-quiet.ts', import.meta.url));
  return existsSync(file) ? file : undefined;
}

/** The stress test itself. It is no import: the generator knows the engine, and not the engine it. */
export const stormProgram = (): URL => moduleNear('../../../scripts/stress', import.meta.url);
