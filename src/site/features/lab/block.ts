/** Blocks the event loop of this process without using its core: nothing else runs here for `ms`. */
export function blockLoop(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
