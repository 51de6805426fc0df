import type { SurgeReport } from '../../alerts/explain-surge.ts';
import type { OpsEvent } from '../../monitor-sample.ts';
import type { Answer } from '../history.ts';
import { type Incident, ranked } from './incident.ts';

/** Everything that a report is made of. */
export interface IncidentReport {
  incident: Incident;
  site: string;
  version: string;
  writtenAt: number;
  /** From two minutes before to two minutes after. */
  history: Answer;
  events: readonly OpsEvent[];
  /** Who came, where somebody counted. */
  visitors: SurgeReport | undefined;
}

export interface Chapter {
  title: string;
  lines: string[];
}

const number = (value: number): string => Math.round(value).toLocaleString('en-GB');
const share = (part: number, all: number): string =>
  all === 0 ? '0 %' : part > 0 && part / all < 0.01 ? 'under 1 %' : `${Math.round((100 * part) / all)} %`;
export const clock = (at: number): string => new Date(at).toISOString().slice(11, 19);

const LIMIT_WORDS: Readonly<Record<string, string>> = {
  loop: 'the CPU (event loops of the workers)',
  pool: 'the thread pool',
  upstream: 'an upstream service',
  memory: 'memory',
  'database lock': 'the lock of the database',
};

export const titleOf = ({ site, incident: { worst, from, until } }: IncidentReport): string =>
  `${site}: ${worst} for ${number(Math.max(1, (until - from) / 1_000))} s on ${new Date(from).toISOString().slice(0, 10)} at ${clock(from)} UTC`;

/** The report in words: what came, from where, what the server did, what visitors got, what limited it, what to change. */
export function storyOf(report: IncidentReport): Chapter[] {
  const { incident } = report;
  return [
    { title: 'What happened', lines: whatHappened(incident) },
    { title: 'Who came', lines: whoCame(report) },
    { title: 'What visitors got', lines: whatVisitorsGot(incident) },
    { title: 'What limited it', lines: whatLimited(incident) },
    { title: 'What to change', lines: whatToChange(incident) },
    {
      title: 'What the server did, and when (UTC)',
      lines:
        report.events.length === 0 ? ['Nothing of note.'] : report.events.map(({ at, text }) => `${clock(at)} ${text}`),
    },
  ];
}

function whatHappened({ why, from, until, worst, peakRate, deaths, lastWords, alerts, workers }: Incident): string[] {
  return [
    `It began at ${clock(from)} UTC: ${why}. It was over at ${clock(until)}, after ${number(Math.max(1, (until - from) / 1_000))} s; at its worst the server was ${worst}.`,
    `At most ${number(peakRate)} requests a second came. Workers: ${workers.first} at the begin, ${workers.most} at most, of ${workers.max} allowed.`,
    ...(deaths > 0 ? [`${deaths} workers ended unasked${lastWords === '' ? '' : `; last words: ${lastWords}`}.`] : []),
    ...(alerts.length > 0 ? [`Critical alerts: ${alerts.join(', ')}.`] : []),
  ];
}

function whoCame({ visitors }: IncidentReport): string[] {
  if (visitors === undefined || visitors.requests === 0) return ['Visitors were not counted in this time.'];
  const top = (list: SurgeReport['sources']): string =>
    list
      .slice(0, 5)
      .map(({ name, count }) => `${name} ${share(count, visitors.requests)}`)
      .join(', ') || 'nothing known';
  return [
    `${number(visitors.requests)} requests, ${share(visitors.bots, visitors.requests)} of them by bots.`,
    `From: ${top(visitors.sources)}.`,
    `To: ${top(visitors.paths)}.`,
    `Networks: ${top(visitors.networks)}.`,
  ];
}

function whatVisitorsGot({ outcomes, lifeboatAnswers, refusedWhere, refusedWhy }: Incident): string[] {
  const all = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  if (all === 0) return ['Nobody came.'];
  const parts = [
    `${share(outcomes.fresh, all)} a cached page`,
    `${share(outcomes.rendered + outcomes.site, all)} a page made for them`,
    `${share(outcomes.last_good, all)} the last good copy`,
    `${share(outcomes.refused, all)} were asked to wait`,
    `${share(outcomes.failed, all)} an error`,
  ];
  const [where] = ranked(refusedWhere);
  const [why] = ranked(refusedWhy);
  return [
    `Of ${number(all)} requests: ${parts.join(', ')}.`,
    ...(lifeboatAnswers > 0 ? [`The lifeboat answered ${number(lifeboatAnswers)} of them.`] : []),
    ...(where === undefined ? [] : [`Most were asked to wait at ${where[0]} (${number(where[1])}).`]),
    ...(why === undefined ? [] : [`Most often because of: ${why[0]} (${number(why[1])}).`]),
  ];
}

function whatLimited({ limits }: Incident): string[] {
  const [most] = ranked(limits);
  if (most === undefined)
    return ['No resource was used up in any second of it: look at what blocked or ended the workers.'];
  return [`${LIMIT_WORDS[most[0]] ?? most[0]}, in ${number(most[1])} s of it.`];
}

function whatToChange({ limits, outcomes, refusedWhere, lifeboatAnswers, deaths, workers }: Incident): string[] {
  const [limit] = ranked(limits)[0] ?? [];
  const [where] = ranked(refusedWhere)[0] ?? [];
  const made = outcomes.rendered + outcomes.site;
  const advice: string[] = [];
  if (where !== undefined)
    advice.push(`Let ${where} be cached, or make it cheaper: it is where most visitors were asked to wait.`);
  if (limit === 'loop' && workers.most < workers.max)
    advice.push(
      `Not all workers that are allowed were used (${workers.most} of ${workers.max}): see the scaler's decisions.`,
    );
  if (limit === 'loop' && workers.most >= workers.max && made > outcomes.fresh)
    advice.push('Most answers were made for one visitor alone: cache more pages, or take a machine with more cores.');
  if (limit === 'pool') advice.push('Make the tasks of the pool shorter, or ask for them less often.');
  if (limit === 'upstream') advice.push('Give what is asked of the upstream a shorter time-out, and keep its answers.');
  if (limit === 'database lock') advice.push('Write less, in shorter transactions, and from one place.');
  if (limit === 'memory') advice.push('Lower TAHAN_CACHE_BYTES or TAHAN_WORKERS_MAX, or find what grows.');
  if (deaths > 0) advice.push('Find why workers ended: their last words are above and in the log.');
  if (lifeboatAnswers > 0 && deaths === 0)
    advice.push(
      'Every worker was blocked at once: find the synchronous work that holds the event loop, and move it to the pool.',
    );
  return advice.length > 0 ? advice : ['Nothing stands out.'];
}
