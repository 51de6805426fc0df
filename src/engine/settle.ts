import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * At the end of a start: what was compiled goes to the compile cache, for the next process of this code, and what the
 * start left as garbage is let go, before anybody is served.
 */
export function settle(): void {
  flushCompileCache();
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}
