import { connect, type Socket } from 'node:net';
import { createHistogram, performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { voidReason, watchPunctuality } from './health.ts';
import { LoadRefusedError } from './spec.ts';
import { type Quantiles, quantiles } from './tally.ts';

/** Connections that are held: streams that are read, uploads that stall, answers that nobody reads. */
export interface HeldSpec {
  port: number;
  count: number;
  /** Opened per second, evenly. */
  perSecond: number;
  /** They are held for this long after the last was opened. */
  holdMs: number;
  /** Bytes that each sends when it opens, latin1; then nothing more. */
  payload: string;
  /** Whether the client reads. One that does not reads only after the time of holding, to see what has come. */
  read: boolean;
  /** A held connection that the server answers or ends is opened again, a second later. */
  reopen: boolean;
  /** What the client waits for: `data:` of a stream. Counted as in time within `withinMs`. */
  awaited?: string;
  withinMs?: number;
  /** Bytes of a complete answer to all of the payload; a connection that got less was cut. */
  completeBytes?: number;
}

export interface HeldReport {
  opened: number;
  /** Of the first `count`: those that got what they awaited in time. */
  inTime: number;
  /** From opening to the awaited bytes. */
  awaited: Quantiles;
  /** First answers by their status. */
  statuses: Record<string, number>;
  /** No byte came. */
  silent: number;
  /** Ended before the holding was over: by the server, or for its answer by a client that comes again. */
  endedBefore: number;
  /** Not read in time, and ended by the server with a part of the answer unsent. */
  cut: number;
  /** Got all of `completeBytes`. */
  complete: number;
  stillOpen: number;
  void?: string;
}

const MAX_COUNT = 20_000;
const MAX_SECONDS = 300;
const MAX_TEXT = 4_096;
const REOPEN_PAUSE_MS = 1_000;
const STEP_MS = 5;
/** Reading what piled up is over when nothing has come for this long. */
const QUIET_MS = 2_000;

/** One connection, and what came over it. */
interface Held {
  socket: Socket;
  startMs: number;
  text: string;
  bytes: number;
  awaitedAtMs: number | undefined;
  ended: boolean;
}

/**
 * Opens connections, holds them, and says what became of each.
 * @param onStart called when all are open
 * @throws {LoadRefusedError} for a load without sensible bounds
 */
export async function holdConnections(spec: HeldSpec, onStart: () => void = () => {}): Promise<HeldReport> {
  const seconds = spec.count / spec.perSecond + spec.holdMs / 1000;
  if (!(spec.count >= 1 && spec.count <= MAX_COUNT) || !(seconds <= MAX_SECONDS))
    throw new LoadRefusedError(`${spec.count} connections over ${seconds} s: too many, or too long`);
  const watch = watchPunctuality();
  const awaited = createHistogram();
  const first: Held[] = [];
  const open = new Set<Held>();
  let opened = 0;
  let endedBefore = 0;
  let holding = true;

  const dial = (): Held => {
    opened += 1;
    const socket = connect({ host: '127.0.0.1', port: spec.port, noDelay: true });
    const held: Held = { socket, startMs: performance.now(), text: '', bytes: 0, awaitedAtMs: undefined, ended: false };
    open.add(held);
    if (!spec.read) socket.pause();
    socket.write(spec.payload, 'latin1');
    socket.on('data', (chunk) => {
      held.bytes += chunk.length;
      if (spec.reopen) socket.destroy();
      if (held.text.length < MAX_TEXT) held.text += chunk.toString('latin1');
      if (spec.awaited !== undefined && held.awaitedAtMs === undefined && held.text.includes(spec.awaited)) {
        held.awaitedAtMs = performance.now();
        awaited.record(Math.max(1, Math.round((held.awaitedAtMs - held.startMs) * 1000)));
      }
    });
    if (!spec.read) socket.pause(); // a listener of `data` sets it going
    socket.on('error', () => {}); // `close` follows
    socket.on('close', () => {
      held.ended = true;
      open.delete(held);
      if (!holding) return;
      endedBefore += 1;
      if (spec.reopen) setTimeout(() => holding && dial(), REOPEN_PAUSE_MS);
    });
    return held;
  };

  const start = performance.now();
  while (first.length < spec.count) {
    const due = Math.min(spec.count, Math.ceil(((performance.now() - start + STEP_MS) / 1000) * spec.perSecond));
    while (first.length < due) first.push(dial());
    await delay(STEP_MS);
  }
  onStart();
  await delay(spec.holdMs);
  holding = false;
  if (!spec.read) await readOut(first);
  const stillOpen = first.filter(({ ended }) => !ended).length;
  for (const { socket } of open) socket.destroy();

  const statuses: Record<string, number> = {};
  for (const { text } of first) {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
    if (status !== undefined) statuses[status] = (statuses[status] ?? 0) + 1;
  }
  const { withinMs = Number.POSITIVE_INFINITY, completeBytes = 0 } = spec;
  const reason = voidReason(watch.stop());
  return {
    opened,
    inTime: first.filter((held) => held.awaitedAtMs !== undefined && held.awaitedAtMs - held.startMs <= withinMs)
      .length,
    awaited: quantiles(awaited),
    statuses,
    silent: first.filter(({ bytes }) => bytes === 0).length,
    endedBefore,
    cut: first.filter(({ ended, bytes }) => ended && bytes < completeBytes).length,
    complete: first.filter(({ bytes }) => bytes >= completeBytes).length,
    stillOpen,
    ...(reason === undefined ? {} : { void: reason }),
  };
}

/** Reads what came meanwhile, until nothing more comes. */
async function readOut(all: readonly Held[]): Promise<void> {
  for (const { socket } of all) socket.resume();
  const total = (): number => all.reduce((sum, { bytes }) => sum + bytes, 0);
  for (let before = -1; total() !== before; ) {
    before = total();
    await delay(QUIET_MS);
  }
}
