/**
 * Memory shared by the pool and its threads: one cell per running task, in which the pool writes the ticket of the
 * task that shall stop. A message would not do: a thread that computes reads none.
 */
export type StopFlags = Int32Array<SharedArrayBuffer>;

export const createStopFlags = (slots: number): StopFlags =>
  new Int32Array(new SharedArrayBuffer(slots * Int32Array.BYTES_PER_ELEMENT));

/** Asks the task with this ticket to stop. */
export function askToStop(flags: StopFlags, slot: number, ticket: number): void {
  Atomics.store(flags, slot, ticket);
  Atomics.notify(flags, slot);
}

export interface StopSignal {
  signal: AbortSignal;
  /** Lets the signal's listeners hear of it while the thread's loop turns. */
  watch: () => void;
  /** The task has ended: nothing is watched any more. */
  end: () => void;
}

/** The signal of one task in its thread. `aborted` reads the shared cell, so that a loop that never yields sees it too. */
export function stopSignal(flags: StopFlags, slot: number, ticket: number): StopSignal {
  const controller = new AbortController();
  const { signal } = controller;
  let ended = false;
  let stopped = false;

  const check = (): boolean => {
    if (!ended && !stopped && Atomics.load(flags, slot) === ticket) {
      stopped = true;
      controller.abort(new DOMException('the task is to stop: its time is over or nobody waits for it', 'AbortError'));
    }
    return stopped;
  };
  const watch = (): void => {
    if (ended || check()) return;
    const wait = Atomics.waitAsync(flags, slot, Atomics.load(flags, slot));
    if (wait.async) void wait.value.then(watch);
    else watch();
  };
  Object.defineProperties(signal, {
    aborted: { get: check },
    throwIfAborted: {
      value: () => {
        if (check()) throw signal.reason;
      },
    },
  });

  return {
    signal,
    watch,
    end() {
      ended = true;
      // Wakes the watcher, which sees that it has ended; else one would be left behind by every task.
      Atomics.notify(flags, slot);
    },
  };
}
