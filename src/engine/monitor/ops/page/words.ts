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
export function limitWords({ limiting, loadRatio, workers, max }: Sample): string {
  if (limiting === null) {
    const load = Math.max(loadRatio.loop, loadRatio.pool, loadRatio.elsewhere);
    return `Nothing: ${percent(Math.min(load, 0.995))} of what it can do is asked for.`;
  }
  const serving = workers.filter(({ state }) => state === 'serving').length;
  const ratio = limiting === 'pool' ? loadRatio.pool : limiting === 'upstream' ? loadRatio.elsewhere : loadRatio.loop;
  const load = ratio > 1 ? ` ${amount(ratio)} times what it can do is asked for;` : '';
  return `It is ${LIMITS[limiting]}.${load} ${serving} of ${max} workers serve.`;
}

export function decisionWords({ decision }: Sample, now: number): string {
  if (decision === null) return 'No step was called for yet.';
  return `${decision.reason} (${span(now - decision.at)} ago)`;
}

/** One sentence for a screen reader: the whole glance. */
export const spokenGlance = (samples: readonly Sample[]): string => {
  const last = samples.at(-1);
  if (last === undefined) return '';
  const { all, seconds } = totalsOf(samples);
  return `${modeWord(last)}. ${amount(all / Math.max(1, seconds))} requests a second. ${visitorsWords(samples)}`;
};
