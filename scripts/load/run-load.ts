import { createHistogram, performance } from 'node:perf_hooks';
import { seededRandom } from '../../src/site/features/lab/random.ts';
import { type Arrival, arrivals } from './arrivals.ts';
import { createConnections, type Exchange } from './connections.ts';
import { type Punctuality, voidReason } from './health.ts';
import { isLastGood, outcomeOf } from './outcome.ts';
import { requestBytes } from './request-bytes.ts';
import { headerOf, type ResponseHead } from './response-parser.ts';
import { assertBounded, type LoadSpec } from './spec.ts';
import { type ClassReport, createTally, type Outcome, quantiles } from './tally.ts';

/** The generator's own condition: when it cannot keep its times, its numbers mean nothing. */
export interface GeneratorHealth extends Punctuality {
  connectionsOpened: number;
  /** Requests sent again because a kept connection was being closed. */
  retried: number;
  /** Further tries of visitors who had not been served. */
  cameAgain: number;
}

export interface LoadReport {
  classes: Record<string, ClassReport>;
  generator: GeneratorHealth;
  /** Why the run must not be used; absent: it is sound. */
  void?: string;
}

const TICK_MS = 1;
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
  const flying = new Set<{ exchange: Exchange; giveUp: () => void; startMs: number }>();

  await connections.openIdle(spec.openFirst);
  const start = performance.now() + 20;
  const eluAtStart = performance.eventLoopUtilization();
  onStart(Date.now() + 20);

  const { retry } = spec;
  const retryRandom = seededRandom(spec.seed + 15_485_863);
  let comingAgain = 0;
  let cameAgain = 0;
  const comesAgain = (outcome: Outcome, tries: number): boolean =>
    retry !== undefined && tries <= retry.times && outcome !== 'good' && outcome !== 'late' && outcome !== 'unsent';

  /** `dueMs`: when this try is due, ms since the start; that of the first is the arrival's. */
  const launch = (arrival: Arrival, dueMs: number, tries: number): void => {
    const { atMs, kind, path, warmUp } = arrival;
    const tally = warmUp ? undefined : tallies[kind]!;
    if (tries === 1) tally?.offer(atMs);
    if (flying.size + comingAgain >= spec.maxInFlight) {
      tally?.settle('unsent', atMs, 0);
      return;
    }
    const startMs = start + dueMs;
    const give = (outcome: Outcome, head: ResponseHead | undefined): void => {
      exchange.settled = true;
      flying.delete(flight);
      if (!comesAgain(outcome, tries)) {
        tally?.settle(outcome, atMs, performance.now() - start - atMs, isLastGood(head));
        return;
      }
      comingAgain += 1;
      const next = performance.now() - start + retry!.afterMs * (0.5 + retryRandom());
      setTimeout(
        () => {
          comingAgain -= 1;
          cameAgain += 1;
          launch(arrival, next, tries + 1);
        },
        Math.max(1, next - (performance.now() - start)),
      );
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
        give(outcomeOf(head, now - startMs, { deadlineMs: spec.deadlineMs, ...spec.classes[kind]! }), head);
      },
    };
    const flight = { startMs, exchange, giveUp: () => give('timedOut', undefined) };
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
        flight.giveUp();
      }
      while (next.done !== true && start + next.value.atMs <= performance.now()) {
        launch(next.value, next.value.atMs, 1);
        next = due.next();
      }
      if (next.done === true && flying.size === 0 && comingAgain === 0) resolve();
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
    cameAgain,
  };
  const reason = voidReason(generator, spec.maxSendLagMs);
  return {
    classes: Object.fromEntries(spec.classes.map(({ name }, kind) => [name, tallies[kind]!.report(seconds)])),
    generator,
    ...(reason === undefined ? {} : { void: reason }),
  };
}

const watchedValue = (head: ResponseHead, names: string[]): string =>
  names.map((name) => headerOf(head.text, name) ?? '-').join(' ');

/** Request bytes, made once per path; variants of a class in turn. */
function requestWriter({ host, port, classes }: LoadSpec): (kind: number, path: string) => Buffer {
  const writers = classes.map(({ headers, form, variants }) => {
    if (variants !== undefined) {
      const all = variants.map((variant) => ({ ...variant, headers: { ...headers, ...variant.headers } }));
      let next = 0;
      return (path: string) => requestBytes({ host, port, path, form, ...all[next++ % all.length] });
    }
    const made = new Map<string, Buffer>();
    return (path: string) => {
      const known = made.get(path);
      if (known !== undefined) return known;
      const request = requestBytes({ host, port, path, headers, form });
      if (made.size < MAX_REQUESTS_KEPT) made.set(path, request);
      return request;
    };
  });
  return (kind, path) => writers[kind]!(path);
}
