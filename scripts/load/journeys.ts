import { setTimeout as delay } from 'node:timers/promises';
import { exponential, seededRandom } from '../../src/site/features/lab/random.ts';
import { arrivals } from './arrivals.ts';
import { createConnections, type Exchange } from './connections.ts';
import { voidReason, watchPunctuality } from './health.ts';
import { outcomeOf } from './outcome.ts';
import { requestBytes } from './request-bytes.ts';
import type { ResponseHead } from './response-parser.ts';
import { LoadRefusedError, type Phase } from './spec.ts';
import { type ClassReport, createTally, type Tally } from './tally.ts';
import { csrfOf, mergeCookies, postLinks, setCookiesOf } from './visitor.ts';

/** Visitors who walk through the built-in site. They come when they come (open loop); each goes on as it is answered. */
export interface JourneysSpec {
  port: number;
  seed: number;
  /** `rate` is in visitors per second. */
  phases: Phase[];
  /** Seeded accounts `member-1`, `member-2`, ..., and their password; the first `editors` may publish. */
  accounts: { count: number; editors: number; password: string };
  /** A step is good when its page is there within this time. */
  deadlineMs: number;
  /** Then the visitor gives the step up. */
  timeoutMs: number;
  /** Mean time between two steps of a visitor. */
  thinkMs: number;
}

export const STEPS = [
  'home',
  'posts',
  'post',
  'search',
  'sign-in page',
  'sign in',
  'register',
  'dashboard',
  'post as member',
  'like',
  'publish',
] as const;
export type Step = (typeof STEPS)[number];

export interface JourneysReport {
  steps: Record<Step, ClassReport>;
  visitors: number;
  /** Visitors whose every step succeeded. */
  content: number;
  /** Visitors that the generator had no room for. */
  turnedAway: number;
  void?: string;
}

/** Who comes: most read; of the members some have no account yet, and some write. */
const MEMBERS = 0.25;
const REGISTERING = 0.05;
const PUBLISHING = 0.1;
const WORDS = ['tree', 'repair', 'server', 'campaign', 'garden', 'meeting', 'water', 'winter'];

const MAX_SECONDS = 300;
const MAX_RATE = 5_000;
const MAX_VISITORS = 5_000;
const GIVE_UP_EVERY_MS = 50;

interface Asked {
  path: string;
  form?: Record<string, string>;
}

/** What a visitor does with one step: its page when it succeeded. */
type Ask = (step: Step, asked: Asked) => Promise<string | undefined>;

/**
 * @param onStart called when the first visitor is due
 * @throws {LoadRefusedError} for a load without sensible bounds
 */
export async function runJourneys(spec: JourneysSpec, onStart: () => void = () => {}): Promise<JourneysReport> {
  const seconds = spec.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  if (!(seconds > 0 && seconds <= MAX_SECONDS) || spec.phases.some(({ rate }) => !(rate >= 0 && rate <= MAX_RATE)))
    throw new LoadRefusedError(`visitors for ${seconds} s: too many, or for too long`);
  const random = seededRandom(spec.seed + 104_729);
  const target = { host: '127.0.0.1', port: spec.port };
  const connections = createConnections(target, true, { keepBody: true });
  const tallies = Object.fromEntries(STEPS.map((step) => [step, createTally(1_000)])) as Record<Step, Tally>;
  const unmeasured = createTally(1_000);
  const flying = new Set<{ exchange: Exchange; startMs: number }>();
  const watch = watchPunctuality();
  const start = performance.now();

  const send = (request: Buffer): Promise<{ head: ResponseHead | undefined; tookMs: number }> =>
    new Promise((resolve) => {
      const startMs = performance.now();
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
      const flight = { exchange, startMs };
      flying.add(flight);
      connections.send(exchange);
    });

  let count = 0;
  let content = 0;
  let turnedAway = 0;
  const walking = new Set<Promise<void>>();
  const come = (number: number, warmUp: boolean): Promise<void> => {
    let cookies = '';
    let failed = false;
    const ask: Ask = async (step, { path, form }) => {
      await delay(exponential(random, spec.thinkMs));
      const tally = warmUp ? unmeasured : tallies[step];
      const atMs = performance.now() - start;
      const headers = { 'X-Forwarded-For': `198.18.${(number >> 8) & 255}.${number & 255}`, Cookie: cookies };
      tally.offer(atMs);
      const { head, tookMs } = await send(requestBytes({ ...target, path, headers, form }));
      const expect = form === undefined ? 200 : 303;
      const gaveUp = head === undefined && tookMs >= spec.timeoutMs;
      tally.settle(gaveUp ? 'timedOut' : outcomeOf(head, tookMs, { ...spec, expect }), atMs, tookMs);
      if (head !== undefined) cookies = mergeCookies(cookies, setCookiesOf(head.text));
      if (head?.status === expect) return head.body ?? '';
      failed = true;
      return undefined;
    };
    return walk(number, spec, random, ask).then(() => {
      if (!failed && !warmUp) content += 1;
    });
  };

  onStart();
  const impatience = setInterval(() => {
    // Insertion order is order of time: the oldest are first.
    for (const { exchange, startMs } of flying) {
      if (performance.now() - startMs < spec.timeoutMs) break;
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
  connections.close();
  const measured = spec.phases.reduce((sum, phase) => sum + (phase.warmUp === true ? 0 : phase.seconds), 0);
  const reason = voidReason(watch.stop());
  return {
    steps: Object.fromEntries(STEPS.map((step) => [step, tallies[step].report(measured)])) as Record<Step, ClassReport>,
    visitors: count,
    content,
    turnedAway,
    ...(reason === undefined ? {} : { void: reason }),
  };
}

/** One visit: what fails is left, and what does not depend on it goes on. */
async function walk(number: number, { accounts }: JourneysSpec, random: () => number, ask: Ask): Promise<void> {
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const isMember = random() < MEMBERS;
  await ask('home', { path: '/' });
  const posts = postLinks((await ask('posts', { path: '/posts' })) ?? '');
  const post = pick(posts);
  if (!isMember) {
    if (post !== undefined) await ask('post', { path: post });
    await ask('search', { path: `/search?q=${pick(WORDS)}` });
    return;
  }
  const registers = random() < REGISTERING;
  const publishes = !registers && random() < PUBLISHING;
  const name = registers
    ? `visitor-${number}`
    : `member-${1 + Math.floor(random() * (publishes ? accounts.editors : accounts.count))}`;
  const token = csrfOf((await ask('sign-in page', { path: registers ? '/register' : '/login' })) ?? '');
  if (token === undefined) return;
  const form = { _csrf: token, name, password: accounts.password, next: '/dashboard' };
  const welcome = registers
    ? await ask('register', { path: '/register', form: { ...form, displayName: `Visitor ${number}` } })
    : await ask('sign in', { path: '/login', form });
  if (welcome === undefined) return;
  const own = csrfOf((await ask('dashboard', { path: '/dashboard' })) ?? '');
  if (post !== undefined) await ask('post as member', { path: post });
  if (own === undefined) return;
  if (post !== undefined) await ask('like', { path: `${post}/like`, form: { _csrf: own, liked: '1' } });
  if (publishes) await ask('publish', { path: '/editor/new', form: { _csrf: own, ...newPost(number) } });
  await ask('dashboard', { path: '/dashboard' });
}

/** Fields of the editor's form. */
export const newPost = (number: number): Record<string, string> => ({
  title: `From the bench, number ${number}`,
  markdown: `**News** of the bench, number ${number}.\n\n${'A sentence that is long enough to be read. '.repeat(20)}`,
  tags: 'bench',
  action: 'publish',
});
