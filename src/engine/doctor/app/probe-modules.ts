import { readFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { queryObjects } from 'node:v8';
import { type CodeOf, packageAt } from './frame-kind.ts';

/** Modules that are remembered at most. */
const MAX_MODULES = 50_000;

/** Sees which packages the app loads: what was asked for by the entry, or by something that it asked for, and so on. */
export function watchModules(entry: string, of: (url: string) => CodeOf) {
  const modules = new Set([entry]);
  const folders = new Map<string, string>();
  const direct = new Set<string>();
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const { parentURL } = context;
      if (parentURL !== undefined && modules.has(parentURL)) note(found.url, parentURL);
      return found;
    },
  });
  function note(url: string, parent: string): void {
    const kind = of(url);
    if ((kind !== 'app' && kind !== 'package') || modules.size >= MAX_MODULES) return;
    modules.add(url);
    const found = packageAt(url);
    if (found === undefined) return;
    folders.set(found.name, found.folder);
    if (of(parent) === 'app') direct.add(found.name);
  }
  return {
    packages: () => Object.fromEntries([...folders].map(([name, folder]) => [name, versionIn(folder)])),
    direct: () => [...direct],
  };
}

function versionIn(folder: string): string {
  try {
    const manifest = JSON.parse(readFileSync(fileURLToPath(new URL('package.json', folder)), 'utf8')) as {
      version?: unknown;
    };
    return String(manifest.version ?? '');
  } catch {
    return ''; // a folder of this name that is no package
  }
}

/** Sessions that express-session keeps in the memory of this process: how many stores of its MemoryStore there are. */
export function countMemoryStores(): number {
  const { cache } = createRequire(import.meta.url);
  let stores = 0;
  for (const [file, module] of Object.entries(cache))
    if (file.endsWith('/express-session/session/memory.js') && typeof module?.exports === 'function')
      stores += Number(queryObjects(module.exports));
  return stores;
}
