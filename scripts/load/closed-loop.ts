import { createConnections, type Exchange } from './connections.ts';
import { voidReason, watchPunctuality } from './health.ts';
import { outcomeOf } from './outcome.ts';
import { requestBytes } from './request-bytes.ts';
import { LoadRefusedError } from './spec.ts';
import { type ClassReport, createTally } from './tally.ts';

export interface Throughput {
  requestsPerSecond: number;
  /** Answers with another status than 2xx or 3xx, and broken connections. */
  errors: number;
}

export interface ClosedLoad {
  port: number;
  /** Path with query; `:n` becomes a number that is never used twice: another page each time. */
  path: string;
  seconds: number;
  /** Visitors. Each sends its next request as soon as it has an answer, whatever the answer. */
  connections: number;
  headers?: Record<string, string>;
  /** A connection for each request, instead of one kept by each visitor. */
  newConnections?: boolean;
  /** A 200 counts as good within this time. */
  deadlineMs?: number;
  /** Then a visitor gives up, and asks for the next. */
  timeoutMs?: number;
}

export interface ClosedReport extends Throughput {
  answers: ClassReport;
  /** Why the latencies must not be used; requests per CPU second of the server may be. */
  void?: string;
}

const MAX_CONNECTIONS = 10_000;
const MAX_SECONDS = 600;
const GIVE_UP_EVERY_MS = 50;

/**
 * Keeps `connections` requests in flight for `seconds`.
 * @throws {LoadRefusedError} for a load without sensible bounds
 */
export async function closedLoop({
  port,
  path,
  seconds,
  connections,
  headers = {},
  newConnections = false,
  deadlineMs = 500,
  timeoutMs = 10_000,
}: ClosedLoad): Promise<ClosedReport> {
  if (!(seconds > 0 && seconds <= MAX_SECONDS) || !(connections >= 1 && connections <= MAX_CONNECTIONS))
    throw new LoadRefusedError(`${connections} visitors for ${seconds} s: too many, or too long`);
  const target = { host: '127.0.0.1', port };
  const pool = createConnections(target, !newConnections);
  const numbered = path.includes(':n');
  const only = requestBytes({ ...target, path, headers });
  let number = 0;
  const nextRequest = (): Buffer => {
    if (!numbered) return only;
    number += 1;
    return requestBytes({ ...target, path: path.replace(':n', String(number)), headers });
  };
  const tally = createTally(1_000);
  const flying = new Set<{ exchange: Exchange; startMs: number; give: (head: undefined) => void }>();
  const watch = watchPunctuality();
  const start = performance.now();
  let completed = 0;
  let errors = 0;
  let inFlight = connections;
  await new Promise<void>((resolve) => {
    const impatience = setInterval(() => {
      // Insertion order is order of time: the oldest are first.
      for (const { exchange, startMs, give } of flying) {
        if (performance.now() - startMs < timeoutMs) break;
        pool.abandon(exchange);
        give(undefined);
      }
    }, GIVE_UP_EVERY_MS);
    const send = (): void => {
      const startMs = performance.now();
      tally.offer(startMs - start);
      const exchange: Exchange = {
        request: nextRequest(),
        settled: false,
        reused: false,
        connection: undefined,
        settle(head) {
          exchange.settled = true;
          flying.delete(flight);
          const now = performance.now();
          const gaveUp = head === undefined && now - startMs >= timeoutMs;
          const outcome = gaveUp ? 'timedOut' : outcomeOf(head, now - startMs, { deadlineMs });
          tally.settle(outcome, startMs - start, now - startMs);
          if (head !== undefined && head.status < 400) completed += 1;
          else errors += 1;
          if (now - start < seconds * 1000) setImmediate(send);
          else if (--inFlight === 0) {
            clearInterval(impatience);
            resolve();
          }
        },
      };
      const flight = { exchange, startMs, give: exchange.settle };
      flying.add(flight);
      pool.send(exchange);
    };
    for (let sender = 0; sender < connections; sender += 1) send();
  });
  pool.close();
  const took = (performance.now() - start) / 1000;
  const reason = voidReason(watch.stop());
  return {
    requestsPerSecond: completed / took,
    errors,
    answers: tally.report(took),
    ...(reason === undefined ? {} : { void: reason }),
  };
}
