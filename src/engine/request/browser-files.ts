import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { moduleNear } from '../module-near.ts';

/** What browsers ask the engine for, by the addresses in the pages. */
export const BROWSER_PATHS = ['/tahan/client.js', '/tahan/sw.js', '/tahan/offline.css'] as const;
export type BrowserPath = (typeof BROWSER_PATHS)[number];

export interface BrowserFile {
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface BrowserFilesOptions {
  /** Pages that were seen stay readable while the server is away; else whoever has them is told to throw them away. */
  offline: boolean;
  version: string;
  mainPage: () => string;
}

const SCRIPT = 'text/javascript; charset=utf-8';
/** A new version is there within the hour; a page loads it without asking. */
const FOR_AN_HOUR = 'public, max-age=3600';

/** The engine's own files for the browser, made when first asked for. */
export class BrowserFiles {
  private readonly options: BrowserFilesOptions;
  private readonly made = new Map<string, BrowserFile>();

  constructor(options: BrowserFilesOptions) {
    this.options = options;
  }

  file(path: BrowserPath): BrowserFile {
    const mainPage = this.options.mainPage();
    const name = `${path} ${mainPage}`;
    let file = this.made.get(name);
    if (file === undefined) {
      file = this.make(path, mainPage);
      // The lifeboat learns the main page later, and it may change with a reload: none is kept but the last.
      for (const old of this.made.keys()) if (old.startsWith(`${path} `)) this.made.delete(old);
      this.made.set(name, file);
    }
    return file;
  }

  private make(path: BrowserPath, mainPage: string): BrowserFile {
    const state = this.options.offline ? 'on' : 'off';
    switch (path) {
      case '/tahan/client.js':
        return {
          headers: { 'content-type': SCRIPT, 'cache-control': FOR_AN_HOUR },
          body: script('client').replace('__TAHAN_OFFLINE__', state),
        };
      case '/tahan/sw.js': {
        const source = script('sw');
        const hash = createHash('sha256').update(source).digest('base64url').slice(0, 8);
        return {
          // A browser looks for a new version at each visit. It may care for the whole site, not for /tahan/ only.
          headers: {
            'content-type': SCRIPT,
            'cache-control': 'no-cache',
            'service-worker-allowed': '/',
            'tahan-offline': state,
          },
          body: source
            .replace('__TAHAN_OFFLINE__', state)
            .replace('__TAHAN_VERSION__', `${this.options.version}-${hash}`)
            .replace("'__TAHAN_MAIN_PAGE__'", JSON.stringify(mainPage))
            // Not a module in every browser: what the compiler adds to make it one goes.
            .replace(/^export \{\};?$/m, ''),
        };
      }
      case '/tahan/offline.css':
        return {
          headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': FOR_AN_HOUR },
          body: readFileSync(new URL('../browser/offline.css', import.meta.url), 'utf8'),
        };
    }
  }
}

/** The text of a script for browsers: as the package has it, or without its types, as the repository has it. */
function script(name: 'client' | 'sw'): string {
  const url = moduleNear(`../browser/${name}`, import.meta.url);
  const source = readFileSync(fileURLToPath(url), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
  if (!url.pathname.endsWith('.ts')) return source;
  // Node says once in each process that it is experimental; with what runs here it is seen by the tests when it changes.
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}
