import { setTimeout as delay } from 'node:timers/promises';
import { exponential, seededRandom } from '../../src/site/features/lab/random.ts';
import { arrivals } from './arrivals.ts';
import { type Connections, createConnections, type Exchange } from './connections.ts';
import { type Punctuality, voidReason, watchPunctuality } from './health.ts';
import type { Accounts, Asked, Visitor } from './journey.ts';
import { loadJourney } from './load-journey.ts';
import { isLastGood, outcomeOf } from './outcome.ts';
import { requestBytes } from './request-bytes.ts';
import type { ResponseHead } from './response-parser.ts';
import { LoadRefusedError, type Phase } from './spec.ts';
import { type ClassReport, createTally, type Tally } from './tally.ts';
import { mergeCookies, setCookiesOf } from './visitor.ts';

/** Visitors who walk through a site. They come when they come (open loop); each goes on as it is answered. */
export interface JourneysSpec {
  port: number;
  /** Default: this machine. */
  host?: string;
  seed: number;
  /** `rate` is in visitors per second. */
  phases: Phase[];
  /** File of the journey, a module or a HAR file. Default: that of the built-in site. */
  file?: string;
  accounts: Accounts;
  /** Further headers of each request. */
  headers?: Record<string, string>;
  /** A step is good when its page is there within this time. */
  deadlineMs: number;
  /** Then the visitor gives the step up. */
  timeoutMs: number;
  /** Mean time between two steps of a visitor. */
  thinkMs: number;
  /** Default 1 s. */
  bucketMs?: number;
  /** Lateness of the generator (p99) over which its numbers are void, ms. Default: the bench's. */
  maxSendLagMs?: number;
}

export interface JourneysReport {
  /** By the name of the step. */
  steps: Record<string, ClassReport>;
  checks: Record<string, { passed: number; total: number }>;
  visitors: number;
  /** Visitors whose every step succeeded. */
  content: number;
  /** Visitors that the generator had no room for. */
  turnedAway: number;
  generator: Punctuality;
  void?: string;
}

const MAX_SECONDS = 300;
const MAX_RATE = 5_000;
const MAX_VISITORS = 5_000;
/** Names of steps, and of checks; those beyond are counted under one name. */
const MAX_NAMES = 64;
const OTHERS = 'others';
/** The check that a journey's own code did not throw. */
const WITHOUT_ERROR = 'the journey ran without an error';
const GIVE_UP_EVERY_MS = 50;

/**
 * @param onStart called when the first visitor is due
 * @throws {LoadRefusedError} for a load without sensible bounds
 */
export async function runJourneys(spec: JourneysSpec, onStart: () => void = () => {}): Promise<JourneysReport> {
  const seconds = spec.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  if (!(seconds > 0 && seconds <= MAX_SECONDS) || spec.phases.some(({ rate }) => !(rate >= 0 && rate <= MAX_RATE)))
    throw new LoadRefusedError(`visitors for ${seconds} s: too many, or for too long`);
  const journey = await loadJourney(spec.file);
  const random = seededRandom(spec.seed + 104_729);
  const target = { host: spec.host ?? '127.0.0.1', port: spec.port };
  const kept = createConnections(target, true, { keepBody: true });
  const single = createConnections(target, false, { keepBody: true });
  const { bucketMs = 1_000 } = spec;
  const steps = named<Tally>(() => createTally(bucketMs));
  const checks = named(() => ({ passed: 0, total: 0 }));
  const unmeasured = createTally(bucketMs);
  const flying = new Set<{ exchange: Exchange; startMs: number; connections: Connections }>();
  const watch = watchPunctuality();
  const start = performance.now();

  const send = (
    request: Buffer,
    startMs: number,
    connections: Connections,
  ): Promise<{ head: ResponseHead | undefined; tookMs: number }> =>
    new Promise((resolve) => {
      const exchange: Exchange = {
        request,
        settled: false,
        reused: false,
        connection: undefined,
        settle(head) {
          exchange.settled = true;
          flying.delete(flight);
          resolve({ head, tookMs: performance.now() - startMs });
        },
      };
      const flight = { exchange, startMs, connections };
      flying.add(flight);
      connections.send(exchange);
    });

  /** Cookies by whose they are; those of a visitor go with him. */
  const jars = new Map<string, string>();
  let count = 0;
  let content = 0;
  let errors = 0;
  let turnedAway = 0;
  const walking = new Set<Promise<void>>();
  const come = async (number: number, warmUp: boolean): Promise<void> => {
    const own = `visitor ${number}`;
    let failed = false;
    const ask = async (
      step: string,
      { path, form, body, anonymous, as = own, thinkMs, expect }: Asked,
    ): Promise<string | undefined> => {
      // Measured from when the visitor wanted the page, not from when the generator came to it.
      const startMs = performance.now() + exponential(random, thinkMs ?? spec.thinkMs);
      await delay(Math.max(0, startMs - performance.now()));
      const tally = warmUp ? unmeasured : steps.get(step);
      const atMs = startMs - start;
      const headers = {
        'X-Forwarded-For': `198.18.${(number >> 8) & 255}.${number & 255}`,
        ...(anonymous ? {} : { Cookie: jars.get(as) ?? '' }),
        ...spec.headers,
      };
      tally.offer(atMs);
      const { head, tookMs } = await send(
        requestBytes({ ...target, path, headers, form, body }),
        startMs,
        anonymous ? single : kept,
      );
      const wanted = expect ?? (form === undefined && body === undefined ? 200 : 303);
      const gaveUp = head === undefined && tookMs >= spec.timeoutMs;
      const outcome = gaveUp ? 'timedOut' : outcomeOf(head, tookMs, { ...spec, expect: wanted });
      tally.settle(outcome, atMs, tookMs, isLastGood(head));
      if (head !== undefined && !anonymous) jars.set(as, mergeCookies(jars.get(as) ?? '', setCookiesOf(head.text)));
      if (head?.status === wanted) return head.body ?? '';
      failed = true;
      return undefined;
    };
    const visitor: Visitor = {
      number,
      random,
      pick: (from) => from[Math.floor(random() * from.length)],
      ask,
      check(name, holds) {
        if (warmUp) return;
        const check = checks.get(name);
        check.total += 1;
        if (holds) check.passed += 1;
      },
      accounts: spec.accounts,
    };
    try {
      await journey(visitor);
      visitor.check(WITHOUT_ERROR, true);
    } catch (error) {
      failed = true;
      visitor.check(WITHOUT_ERROR, false);
      if (errors++ === 0) process.stderr.write(`journey: ${error instanceof Error ? error.stack : String(error)}\n`);
    }
    jars.delete(own);
    if (!failed && !warmUp) content += 1;
  };

  onStart();
  const impatience = setInterval(() => {
    // Nearly the order of time: a step is due when its visitor has thought.
    for (const { exchange, startMs, connections } of flying) {
      if (performance.now() - startMs < spec.timeoutMs) continue;
      connections.abandon(exchange);
      exchange.settle(undefined);
    }
  }, GIVE_UP_EVERY_MS);
  let number = 0;
  for (const { atMs, warmUp } of arrivals({ ...spec, classes: [{ name: 'visitors', share: 1, path: '/' }] })) {
    const wait = start + atMs - performance.now();
    if (wait > 0) await delay(wait);
    number += 1;
    if (!warmUp) count += 1;
    if (walking.size >= MAX_VISITORS) {
      if (!warmUp) turnedAway += 1;
      continue;
    }
    const visit = come(number, warmUp).finally(() => walking.delete(visit));
    walking.add(visit);
  }
  await Promise.all(walking);
  clearInterval(impatience);
  kept.close();
  single.close();
  const measured = spec.phases.reduce((sum, phase) => sum + (phase.warmUp === true ? 0 : phase.seconds), 0);
  const generator = watch.stop();
  const reason = voidReason(generator, spec.maxSendLagMs);
  return {
    steps: Object.fromEntries([...steps.all].map(([name, tally]) => [name, tally.report(measured)])),
    checks: Object.fromEntries(checks.all),
    visitors: count,
    content,
    turnedAway,
    generator,
    ...(reason === undefined ? {} : { void: reason }),
  };
}

/** Things made as their names come up, bounded in their number. */
function named<T>(make: () => T): { all: ReadonlyMap<string, T>; get: (name: string) => T } {
  const all = new Map<string, T>();
  return {
    all,
    get(wanted) {
      const name = all.has(wanted) || all.size < MAX_NAMES - 1 ? wanted : OTHERS;
      let found = all.get(name);
      if (found === undefined) {
        found = make();
        all.set(name, found);
      }
      return found;
    },
  };
}
