import { BroadcastChannel } from 'node:worker_threads';

/** Threads of one process tell each other here how long they waited for SQLite's lock. */
const CHANNEL = 'tahan-sqlite-wait';
/** Shorter waits are the price of any lock, not contention, ms. */
const NOTED_MS = 1;

let channel: BroadcastChannel | undefined;

/** Told by the thread that waited. */
export function noteWait(waitedMs: number): void {
  if (waitedMs < NOTED_MS) return;
  if (channel === undefined) {
    channel = new BroadcastChannel(CHANNEL);
    channel.unref();
  }
  channel.postMessage(waitedMs);
}

export interface WaitMeter {
  /** Waits of all other threads of this process since the meter was made, ms. */
  totalMs: () => number;
  close: () => void;
}

/** Adds up the waits of this process's pool threads: what the site tells the scaler. */
export function meterWaits(): WaitMeter {
  const heard = new BroadcastChannel(CHANNEL);
  heard.unref();
  let totalMs = 0;
  heard.onmessage = (message) => {
    totalMs += (message as { data: number }).data;
  };
  return { totalMs: () => totalMs, close: () => heard.close() };
}
