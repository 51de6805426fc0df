import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

/** The command cannot be carried out; the message says why and what to do. */
export class CommandError extends Error {
  readonly code = 'COMMAND';
  override readonly name = 'CommandError';
}

/** The file of an app, and what it is started with. */
export interface Entry {
  /** Absolute, symbolic links resolved: as Node names its main module. */
  file: string;
  args: readonly string[];
}

/** Extensions that may be left out, as with node, and those that Node runs besides. */
const EXTENSIONS = ['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];

/**
 * The app that is named, as node would find it.
 * @throws {CommandError} there is no such file
 */
export function entryAt(name: string, args: readonly string[], cwd: string): Entry {
  const path = resolve(cwd, name);
  for (const extension of EXTENSIONS) {
    const file = path + extension;
    if (existsSync(file) && statSync(file).isFile()) return { file: realpathSync(file), args };
  }
  try {
    return { file: realpathSync(createRequire(join(cwd, 'tahan')).resolve(path)), args };
  } catch {
    throw new CommandError(`there is no file ${name} here (${cwd}); tahan takes the file that you would give to node`);
  }
}

/**
 * The app of a folder: of the `start` script in its package.json, where that is `node FILE`, else its `main`.
 * @throws {CommandError} neither names a file
 */
export function entryOf(cwd: string): Entry {
  const root = projectOf(cwd);
  let manifest: { main?: unknown; scripts?: { start?: unknown } };
  try {
    manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as typeof manifest;
  } catch {
    throw new CommandError('name the file of your app: tahan app.js (there is no package.json here that names one)');
  }
  const { start } = manifest.scripts ?? {};
  const found = typeof start === 'string' ? nodeCommand(start) : undefined;
  if (found !== undefined) return entryAt(found.file, found.args, root);
  if (typeof manifest.main === 'string') return entryAt(manifest.main, [], root);
  throw new CommandError(
    'name the file of your app: tahan app.js (package.json has no "main", and its "start" script is not "node FILE")',
  );
}

/** The file and arguments of a command `node FILE ...`; undefined: it is something else. */
export function nodeCommand(script: string): { file: string; args: string[] } | undefined {
  // With quotes, pipes or several commands it is the shell's to read.
  if (/["'`$|&;<>()\\*?]/.test(script)) return undefined;
  const words = script.trim().split(/\s+/);
  while (words[0] !== undefined && /^\w+=/.test(words[0])) words.shift();
  if (words.shift() !== 'node') return undefined;
  const at = words.findIndex((word) => !word.startsWith('-'));
  // An option may have its value in the next word: only those in one word are sure.
  if (at === -1 || words.slice(0, at).some((word) => !word.includes('='))) return undefined;
  return { file: words[at]!, args: words.slice(at + 1) };
}

/** The folder of the nearest package.json, from a folder upwards; the folder itself where there is none. */
export function projectOf(folder: string): string {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (dirname(at) === at) return resolve(folder);
  }
}
