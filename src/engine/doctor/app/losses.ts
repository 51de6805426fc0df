import type { Seen } from './seen.ts';

/** What a reload, or the death of a worker, takes away. `hurts`: visitors feel it. */
export interface Loss {
  hurts: boolean;
  text: string;
}

const SOCKETS = ['ws', 'socket.io', 'engine.io'];
/** Packages that keep what they know in the process, when they are told nothing else. */
const OWN_MEMORY: Record<string, string> = {
  'express-rate-limit':
    'counts in the memory of each worker: a visitor has its limit once for each, and anew after a reload; give it a store',
  'node-cache':
    'is a cache of each worker: it is empty after a reload, and what one worker changes the others do not see',
  'lru-cache':
    'is a cache of each worker: it is empty after a reload, and what one worker changes the others do not see',
  memorystore: 'keeps sessions in the memory of each worker',
};

/** What would be lost, from what was seen of an app; `streams`: pages that are streams of events. */
export function lossesOf(
  { packages, direct, timers, upgrades, memoryStores }: Seen,
  streams: readonly string[],
): Loss[] {
  const losses: Loss[] = [];
  const say = (hurts: boolean, text: string): unknown => losses.push({ hurts, text });
  if (memoryStores > 0)
    say(
      true,
      'sessions are in memory (the MemoryStore of express-session): each worker has its own, so visitors are signed out by a reload, and by the next request that another worker gets; give it a store (connect-redis, connect-pg-simple, a file)',
    );
  for (const name of direct)
    if (OWN_MEMORY[name] !== undefined)
      say(name === 'memorystore', `${name} ${packages[name] ?? ''} ${OWN_MEMORY[name]}`);
  if (upgrades || SOCKETS.some((name) => packages[name] !== undefined))
    say(false, 'open WebSockets are closed with code 1012: the client must come back by itself (Socket.IO does)');
  for (const path of streams)
    say(
      false,
      `${path} is a stream of events: it is cut when the worker has drained; EventSource comes back by itself`,
    );
  for (const { at, ms, repeats } of timers)
    say(
      false,
      repeats
        ? `a timer every ${span(ms)} (${at}) runs in each worker: what it does is done once for each, and beside itself during a reload`
        : `something is planned in ${span(ms)} (${at}) in the memory of a worker: it does not come when the worker ends before`,
    );
  return losses;
}

const span = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`);
