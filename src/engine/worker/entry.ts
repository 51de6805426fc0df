import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { readConfig } from '../../config.ts';
import { startWorker } from './main.ts';

/** Makes a worker of a process whose main module is the app at `path`; to be called before that module is loaded. */
export function startEntry(path: string): void {
  const url = pathToFileURL(path);
  void startWorker(readConfig(process.env), url, {
    appConfig: process.env.TAHAN_INTERNAL_CONFIG ?? '',
    async load() {
      // Node loads the main module when this one is done; from then on an import of it is the same module.
      await setImmediate();
      return import(url.href);
    },
  });
}
