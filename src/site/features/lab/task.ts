import { setImmediate as nextTurn } from 'node:timers/promises';
import { burn } from './burn.ts';

const SLICES = 20;

/** Thread-pool task of `/lab/pool`: arithmetic in slices, so that it ends early when nobody waits for it any more. */
export async function labBurn(
  { iterations }: { iterations: number },
  { signal }: { signal: AbortSignal },
): Promise<number> {
  for (let slice = 0; slice < SLICES; slice += 1) {
    signal.throwIfAborted();
    burn(Math.round(iterations / SLICES));
    await nextTurn();
  }
  return iterations;
}
