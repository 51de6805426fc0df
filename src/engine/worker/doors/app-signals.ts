/** The signals by which an app is told to end. A process group or a terminal sends them to the workers as well. */
const ENDS = new Set<string | symbol>(['SIGTERM', 'SIGINT']);

/** The engine's own listener for SIGTERM, in drain.ts: without one Node would end the process. */
const OWN_LISTENERS = 1;

export interface AppSignals {
  /** Runs the app's own listeners for SIGTERM; false: it has none. */
  tellTerm: () => boolean;
}

/**
 * Holds SIGTERM and SIGINT back from the app: the primary decides when a worker ends, and then the app is told, when its
 * visitors are gone.
 */
export function holdSignals(): AppSignals {
  const { emit } = process;
  let telling = false;
  process.emit = function (this: NodeJS.Process, name: string | symbol, ...given: unknown[]): boolean {
    if (ENDS.has(name) && !telling) return true;
    return (emit as (...all: unknown[]) => boolean).call(this, name, ...given);
  } as typeof process.emit;
  return {
    tellTerm() {
      if (process.listenerCount('SIGTERM') <= OWN_LISTENERS) return false;
      telling = true;
      try {
        return process.emit('SIGTERM', 'SIGTERM');
      } finally {
        telling = false;
      }
    },
  };
}
