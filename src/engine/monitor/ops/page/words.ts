import type { Outcome, Sample } from '../../../monitor-sample.ts';
import { amount, duration, percent, span } from './format.ts';

/** Outcomes in the order in which they are shown, with the word that a reader sees. */
export const OUTCOMES = [
  ['fresh', 'fresh page'],
  ['rendered', 'rendered'],
  ['site', 'by the site'],
  ['last_good', 'last good page'],
  ['refused', 'asked to wait'],
  ['failed', 'failed'],
] as const satisfies readonly (readonly [Outcome, string])[];

/** Each part of the split as a whole: a page, a copy, a "not now", an error. */
const SERVED = ['fresh', 'rendered', 'site', 'last_good'] as const;

export interface Totals {
  seconds: number;
  all: number;
  counts: Record<Outcome, number>;
}

/** Counts over some samples. */
export function totalsOf(samples: readonly Sample[]): Totals {
  const counts: Record<Outcome, number> = { fresh: 0, last_good: 0, rendered: 0, site: 0, refused: 0, failed: 0 };
  let seconds = 0;
  for (const sample of samples) {
    seconds += sample.seconds;
    for (const [outcome] of OUTCOMES) counts[outcome] += sample.outcomes[outcome];
  }
  return { seconds, counts, all: Object.values(counts).reduce((sum, count) => sum + count, 0) };
}

/** How long they that got a page waited for it in the middle, ms: of the newest sample that tells; weighted by outcome. */
function servedMs(samples: readonly Sample[]): number | undefined {
  let ms = 0;
  let weight = 0;
  for (const { latency, outcomes } of samples)
    for (const outcome of SERVED) {
      const p50 = latency[outcome]?.p50;
      if (p50 === undefined) continue;
      ms += p50 * outcomes[outcome];
      weight += outcomes[outcome];
    }
  return weight === 0 ? undefined : ms / weight;
}

/** What visitors get right now, in words. `samples`: those of the last seconds. */
export function visitorsWords(samples: readonly Sample[]): string {
  const { all, counts } = totalsOf(samples);
  const last = samples.at(-1);
  if (last === undefined) return 'Nothing is known yet.';
  if (all === 0) return last.lifeboat ? 'Nobody is asking; the lifeboat stands in.' : 'Nobody is asking right now.';
  const served = SERVED.reduce((sum, outcome) => sum + counts[outcome], 0);
  const ms = servedMs(samples);
  const parts: string[] = [];
  if (served > 0)
    parts.push(`${whole(served, all)} visitors get a page${ms === undefined ? '' : ` in ${duration(ms)}`}`);
  if (counts.refused > 0) parts.push(`${percent(counts.refused / all)} are asked to wait 1 to 5 s`);
  if (counts.failed > 0) parts.push(`${percent(counts.failed / all)} get an error`);
  const old = counts.last_good / all;
  const note = old >= 0.01 ? ` ${percent(old)} of the pages are the last good copy.` : '';
  return `${parts.join('; ')}.${note}`.replace(/^./, (first) => first.toUpperCase());
}

const whole = (part: number, all: number): string => (part === all ? 'All' : `${percent(part / all)} of`);

const MODES = {
  calm: 'Calm',
  busy: 'Busy',
  saturated: 'Saturated',
  down: 'Down',
} as const;
export const modeWord = ({ mode }: Sample): string => MODES[mode];

/** A mode keeps the reason with which it began, which may be another by now, ms. */
const FRESH_REASON_MS = 5_000;
export const reasonWords = ({ mode, modeSince, reason }: Sample, now: number): string =>
  mode === 'calm' || now - modeSince < FRESH_REASON_MS ? reason : `began with: ${reason}`;

/** Whether it rises or falls: the last ten seconds against the minute before. */
export function trendWords(samples: readonly Sample[]): string {
  const last = samples.at(-1);
  if (last === undefined) return '';
  const now = totalsOf(samples.filter(({ at }) => at > last.at - 10_000));
  const before = totalsOf(samples.filter(({ at }) => at <= last.at - 10_000 && at > last.at - 70_000));
  if (before.seconds < 10 || now.seconds === 0) return 'too early to say where it goes';
  const rate = now.all / now.seconds;
  const past = before.all / before.seconds;
  if (Math.max(rate, past) < 1) return 'quiet';
  if (past < 0.5) return 'rising from nothing';
  const change = rate / past - 1;
  if (Math.abs(change) < 0.1) return 'steady for a minute';
  return change > 0
    ? `rising: +${Math.round(change * 100)} % against the minute before`
    : `falling: ${Math.round(change * 100)} % against the minute before`;
}

const LIMITS = {
  loop: 'the event loop (CPU)',
  pool: 'the thread pool',
  upstream: 'an upstream that the site waits for',
  memory: 'memory',
  'database lock': "the database's lock",
} as const;

/** What bounds the server, by name. */
export function limitWords({ mode, limiting, loadRatio, workers, max }: Sample): string {
  const are = (wanted: string): number => workers.filter(({ state }) => state === wanted).length;
  const serving = are('serving');
  if (mode === 'down')
    return `No worker answers: ${are('silent')} silent, ${are('starting') + are('promoting')} starting.`;
  if (limiting === null) {
    const load = Math.max(loadRatio.loop, loadRatio.pool, loadRatio.elsewhere);
    return `Nothing: ${percent(Math.min(load, 0.995))} of what it can do is asked for.`;
  }
  const ratio = limiting === 'pool' ? loadRatio.pool : limiting === 'upstream' ? loadRatio.elsewhere : loadRatio.loop;
  const load = ratio > 1 ? ` ${amount(ratio)} times what it can do is asked for;` : '';
  return `It is ${LIMITS[limiting]}.${load} ${serving} of ${max} workers serve.`;
}

export function decisionWords({ decision }: Sample, now: number): string {
  if (decision === null) return 'No step was called for yet.';
  return `${decision.reason} (${span(now - decision.at)} ago)`;
}

/** Why the gate, or a page, has no room for a visitor: `tahan_refused_total`. */
const REFUSALS: Readonly<Record<string, string>> = {
  queue: 'too much work ahead',
  deadline: 'it could not be done in time',
  concurrency: 'the work elsewhere has no place',
  pool: 'the thread pool has no place',
  streams: 'too many open streams',
  codel: 'they had waited too long',
  expired: 'their time was over',
  renders: 'their page could not be rendered',
  waiters: 'too many wait for their page',
  bodies: 'no memory for their upload',
};
const MOST_NAMED = 3;

/** Where visitors are asked to wait, and why. */
export function refusedWords(samples: readonly Sample[]): string {
  const { counts, seconds } = totalsOf(samples);
  if (counts.refused === 0) return 'Nobody.';
  const where = added(samples.map(({ refusedWhere }) => refusedWhere.map(({ route, count }) => [route, count])));
  const why = added(samples.map(({ refusedWhy }) => Object.entries(refusedWhy)));
  const routes = where.map(([route, share]) => `${route} ${percent(share)}`).join(', ');
  const reasons = why.map(([name, share]) => `${REFUSALS[name] ?? name} (${percent(share)})`).join(', ');
  return `${amount(counts.refused / Math.max(1, seconds))} a second${routes === '' ? '' : `, at ${routes}`}${reasons === '' ? '' : `: ${reasons}`}.`;
}

/** The names that came most often, with their share of all. */
function added(lists: readonly (readonly (readonly [string, number])[])[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const [name, count] of lists.flat()) sums.set(name, (sums.get(name) ?? 0) + count);
  const all = [...sums.values()].reduce((sum, count) => sum + count, 0);
  return [...sums]
    .sort((a, b) => b[1] - a[1])
    .slice(0, MOST_NAMED)
    .map(([name, count]) => [name, count / all]);
}

/** One sentence for a screen reader: the whole glance. */
export const spokenGlance = (samples: readonly Sample[]): string => {
  const last = samples.at(-1);
  if (last === undefined) return '';
  const { all, seconds } = totalsOf(samples);
  return `${modeWord(last)}. ${amount(all / Math.max(1, seconds))} requests a second. ${visitorsWords(samples)}`;
};
