import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The program of a scheduled run, a process of its own: the generator is part of the repository, not of the package.
 * Undefined: this is an installed package.
 */
export function stressProgram(): string | undefined {
  const file = fileURLToPath(new URL('../../../scripts/stress-quiet.ts', import.meta.url));
  return existsSync(file) ? file : undefined;
}
