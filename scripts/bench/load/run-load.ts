import { createHistogram, performance } from 'node:perf_hooks';
import { type Arrival, arrivals } from './arrivals.ts';
import { createConnections, type Exchange } from './connections.ts';
import { headerOf, type ResponseHead } from './response-parser.ts';
import { assertBounded, type LoadSpec } from './spec.ts';
import { type ClassReport, createTally, type Outcome, type Quantiles, quantiles } from './tally.ts';

/** The generator's own condition: when it cannot keep its times, its numbers mean nothing. */
export interface GeneratorHealth {
  /** Actual minus intended send time. */
  sendLag: Quantiles;
  /** Event-loop utilisation over the load, 0..1. */
  elu: number;
  connectionsOpened: number;
  /** Requests sent again because a kept connection was being closed. */
  retried: number;
}

export interface LoadReport {
  classes: Record<string, ClassReport>;
  generator: GeneratorHealth;
  /** Why the run must not be used; absent: it is sound. */
  void?: string;
}

export const MAX_SEND_LAG_P99_MS = 5;
export const MAX_GENERATOR_ELU = 0.8;

const TICK_MS = 1;
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const MAX_REQUESTS_KEPT = 10_000;

/**
 * Runs an open-loop load and says what became of every request.
 * @param onStart called with the moment of the first intended send (epoch ms)
 * @throws {LoadRefusedError} before anything is sent
 */
export async function runLoad(spec: LoadSpec, onStart: (epochMs: number) => void = () => {}): Promise<LoadReport> {
  assertBounded(spec);
  const tallies = spec.classes.map(() => createTally(spec.bucketMs));
  const sendLag = createHistogram();
  const connections = createConnections(spec, spec.connections === 'keep-alive');
  const requestOf = requestWriter(spec);
  const due = arrivals(spec);
  const flying = new Set<{ exchange: Exchange; give: (outcome: Outcome) => void; startMs: number }>();

  await connections.openIdle(spec.openFirst);
  const start = performance.now() + 20;
  const eluAtStart = performance.eventLoopUtilization();
  onStart(Date.now() + 20);

  const launch = ({ atMs, kind, path, warmUp }: Arrival): void => {
    const tally = warmUp ? undefined : tallies[kind]!;
    tally?.offer(atMs);
    if (flying.size >= spec.maxInFlight) {
      tally?.settle('unsent', atMs, 0);
      return;
    }
    const startMs = start + atMs;
    const flight = {
      startMs,
      give(outcome: Outcome) {
        exchange.settled = true;
        flying.delete(flight);
        tally?.settle(outcome, atMs, performance.now() - startMs);
      },
      exchange: undefined as unknown as Exchange,
    };
    const exchange: Exchange = {
      request: requestOf(kind, path),
      settled: false,
      reused: false,
      connection: undefined,
      settle(head) {
        const now = performance.now();
        if (head !== undefined && tally !== undefined && spec.watch.length > 0) {
          tally.watch(watchedValue(head, spec.watch), now - start);
        }
        flight.give(outcomeOf(head, now - startMs, spec.deadlineMs));
      },
    };
    flight.exchange = exchange;
    flying.add(flight);
    connections.send(exchange);
    sendLag.record(Math.max(1, Math.round((performance.now() - startMs) * 1000)));
  };

  await new Promise<void>((resolve) => {
    let next = due.next();
    const tick = (): void => {
      // Insertion order is order of intended time: the oldest are first.
      for (const flight of flying) {
        if (performance.now() - flight.startMs < spec.timeoutMs) break;
        connections.abandon(flight.exchange);
        flight.give('timedOut');
      }
      while (next.done !== true && start + next.value.atMs <= performance.now()) {
        launch(next.value);
        next = due.next();
      }
      if (next.done === true && flying.size === 0) resolve();
      else setTimeout(tick, TICK_MS);
    };
    tick();
  });
  connections.close();

  const elu = performance.eventLoopUtilization(eluAtStart).utilization;
  const seconds = spec.phases.reduce((sum, phase) => sum + (phase.warmUp === true ? 0 : phase.seconds), 0);
  const generator: GeneratorHealth = {
    sendLag: quantiles(sendLag),
    elu,
    connectionsOpened: connections.opened(),
    retried: connections.retried(),
  };
  const reason = voidReason(generator);
  return {
    classes: Object.fromEntries(spec.classes.map(({ name }, kind) => [name, tallies[kind]!.report(seconds)])),
    generator,
    ...(reason === undefined ? {} : { void: reason }),
  };
}

function voidReason({ sendLag, elu }: GeneratorHealth): string | undefined {
  if (sendLag.p99Ms > MAX_SEND_LAG_P99_MS) return `the generator sent ${sendLag.p99Ms.toFixed(1)} ms late (p99)`;
  if (elu > MAX_GENERATOR_ELU) return `the generator was busy ${(elu * 100).toFixed(0)} % of the time`;
  return undefined;
}

function outcomeOf(head: ResponseHead | undefined, latencyMs: number, deadlineMs: number): Outcome {
  if (head === undefined) return 'reset';
  if (head.status === 503) return 'refused';
  if (head.status !== 200) return 'failed';
  return latencyMs <= deadlineMs ? 'good' : 'late';
}

const watchedValue = (head: ResponseHead, names: string[]): string =>
  names.map((name) => headerOf(head.text, name) ?? '-').join(' ');

/** Request bytes, made once per path. */
function requestWriter({ host, port, classes }: LoadSpec): (kind: number, path: string) => Buffer {
  const made = classes.map(() => new Map<string, Buffer>());
  return (kind, path) => {
    const known = made[kind]!.get(path);
    if (known !== undefined) return known;
    const fields = Object.entries({
      Host: `${host}:${port}`,
      'User-Agent': USER_AGENT,
      Accept: 'text/html',
      ...classes[kind]!.headers,
    });
    const request = Buffer.from(
      `GET ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
      'latin1',
    );
    if (made[kind]!.size < MAX_REQUESTS_KEPT) made[kind]!.set(path, request);
    return request;
  };
}
