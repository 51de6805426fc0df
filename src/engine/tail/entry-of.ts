import type { CacheUse } from '../metrics/recorder.ts';
import type { Outcome } from '../monitor-sample.ts';
import { tidyPath } from '../traffic/tidy-path.ts';
import { MAX_QUERY, MAX_WORDS, type Step, type StepName, type TailEntry } from './entry.ts';
import type { Way } from './way.ts';
import { cacheWords, gateWords, time, whyWords } from './words.ts';

/** An answer that is out, and the way that its request took. Clock of `performance.now()`, ms. */
export interface Watched {
  method: string;
  /** Without the query. */
  path: string;
  /** Without `?`. */
  query: string;
  /** Template of the route. */
  route: string;
  member: boolean;
  status: number;
  use: CacheUse;
  /** Age of the copy, ms; undefined: it is no copy. */
  ageMs: number | undefined;
  arrivedAt: number;
  way: Way;
}

const MAX_NAMES = 6;
const PLAIN_NAME = /^[a-z][a-z_-]{0,19}$/i;

/** The names of a query's parameters, without their values; what does not look like a name is not told either. */
export function queryNames(query: string): string {
  if (query === '') return '';
  const names = query.split('&', MAX_NAMES + 1).map((part) => {
    const name = part.includes('=') ? part.slice(0, part.indexOf('=')) : '';
    return PLAIN_NAME.test(name) ? `${name}=…` : '…';
  });
  return names.slice(0, MAX_NAMES).join('&').slice(0, MAX_QUERY);
}

/** `now`, `clock`: the same moment by `performance.now()` and as epoch ms. */
export function entryOf(watched: Watched, outcome: Outcome, now: number, clock: number): TailEntry {
  const { arrivedAt, way } = watched;
  const tookMs = Math.max(0, now - arrivedAt);
  const queuedAt = way.work?.queuedAt;
  const noRoom = watched.use === 'refused' || watched.use === 'last_good';
  return {
    at: Math.round(clock - tookMs),
    method: watched.method.slice(0, 16),
    path: tidyPath(watched.path),
    query: queryNames(watched.query),
    route: watched.route.slice(0, 200),
    member: watched.member,
    status: watched.status,
    outcome,
    tookMs: round(tookMs),
    why: noRoom ? whyWords(way, now - (queuedAt ?? now), tookMs).slice(0, MAX_WORDS) : '',
    steps: stepsOf(watched, now),
  };
}

function stepsOf({ method, status, use, ageMs, arrivedAt, way }: Watched, now: number): Step[] {
  const steps: Step[] = [];
  const add = (what: StepName, from: number, to: number, text: string): void => {
    steps.push([what, since(from), since(to), text.slice(0, MAX_WORDS)]);
  };
  const since = (at: number): number => round(Math.min(Math.max(at, arrivedAt), now) - arrivedAt);
  const { readyAt, gate, gateAt, work } = way;
  add('arrival', arrivedAt, arrivedAt, way.plain ? 'answered from bytes at hand' : 'no bytes at hand would answer it');
  if (readyAt > 0)
    if (method === 'GET' || method === 'HEAD') add('line', arrivedAt, readyAt, 'near the front of the waiting room');
    else add('body', arrivedAt, readyAt, 'the body came');
  const lookedAt = Math.max(arrivedAt, readyAt);
  const queuedAt = work?.queuedAt;
  add('cache', lookedAt, lookedAt, cacheWords(use, ageMs));
  const judgedAt = Math.min(gateAt, queuedAt ?? gateAt);
  if (gate !== undefined) add('gate', judgedAt, judgedAt, gate.why === undefined ? gateWords(gate) : `no: ${gate.why}`);
  const flight = work?.flight;
  // Who was refused on arrival was never queued.
  if (queuedAt !== undefined && (flight !== undefined || gate?.why === undefined)) {
    // Whoever comes to a render that is under way has no queue of his own.
    const from = Math.max(queuedAt, lookedAt);
    const to = flight?.startedAt ?? now;
    if (to > from) add('queue', from, to, flight === undefined ? 'its turn never came' : 'until it was its turn');
  }
  if (flight !== undefined) {
    add('site', flight.startedAt, now, flight.startedAt < lookedAt ? 'a render under way' : 'at work on it');
    if (flight.tasks.length > 0)
      add(
        'pool',
        flight.startedAt,
        flight.startedAt + flight.poolMs,
        `${time(flight.poolMs)}, waits included: ${flight.tasks.join(', ')}`,
      );
  }
  add('answer', now, now, `${status}, out after ${time(now - arrivedAt)}`);
  return steps;
}

/** To the tenth of a ms. */
const round = (ms: number): number => Math.round(ms * 10) / 10;
