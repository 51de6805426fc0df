import { amount, bytes, duration, percent, span } from '../monitor/ops/page/format.ts';
import {
  decisionWords,
  limitWords,
  modeWord,
  OUTCOMES,
  refusedWords,
  totalsOf,
  trendWords,
  visitorsWords,
} from '../monitor/ops/page/words.ts';
import type { AlertView } from '../monitor/ops/source.ts';
import type { Sample, WorkerSample } from '../monitor-sample.ts';

/** What `/ops/api/now` and `/ops/api/alerts` give. */
export interface Now {
  now: number;
  sample: Sample | null;
  recent: readonly Sample[];
  alerts: readonly AlertView[];
}

/** What is "right now": samples of so long, ms. */
const NOW_MS = 5_500;

const COLUMNS: readonly (readonly [head: string, of: (worker: WorkerSample, seconds: number) => string])[] = [
  ['worker', ({ name }) => name],
  ['state', ({ state }) => state],
  ['conns', ({ connections }) => amount(connections)],
  ['flight', ({ inFlight }) => amount(inFlight)],
  ['queue', ({ queued }) => amount(queued)],
  ['delay', ({ queueDelayMs }) => duration(queueDelayMs)],
  ['lag p99', ({ lagP99Ms }) => duration(lagP99Ms)],
  ['busy', ({ elu }) => percent(elu)],
  ['pool', ({ poolRunning, poolQueued }) => `${poolRunning}+${poolQueued}`],
  ['memory', ({ rssBytes }) => bytes(rssBytes)],
  ['served/s', ({ completed }, seconds) => amount(completed / seconds)],
  ['refused/s', ({ refused }, seconds) => amount(refused / seconds)],
];

/** The glance in a terminal of so many columns and rows: what the top of `/ops` says, and the fleet. */
export function topLines({ now, sample, recent, alerts }: Now, columns: number, rows: number): string[] {
  if (sample === null) return ['Nothing is known yet: the first sample comes in a moment.'];
  const samples = [...recent.filter(({ at }) => at < sample.at), sample];
  const short = samples.filter(({ at }) => at > sample.at - NOW_MS);
  const { all, counts, seconds } = totalsOf(short);
  const per = Math.max(1, seconds);
  const serving = sample.workers.filter(({ state }) => state === 'serving').length;
  const { host } = sample;
  const lines = [
    `${modeWord(sample).toUpperCase()} for ${span(now - sample.modeSince)}: ${sample.reason}`,
    ...(sample.lifeboat ? ['The lifeboat answers in place of the workers.'] : []),
    `${amount(all / per)} requests a second, ${trendWords(samples)}`,
    visitorsWords(short),
    OUTCOMES.map(([outcome, word]) => `${amount(counts[outcome] / per)} ${word}`).join(' · '),
    '',
    `limit      ${limitWords(sample)}`,
    `decision   ${decisionWords(sample, now)}`,
    `refused    ${refusedWords(short)}`,
    `workers    ${serving} of ${sample.target} wanted serve (from ${sample.min} to ${sample.max}), spares: ${sample.spares}`,
    `machine    idle cores ${host.idleCores === null ? 'not known' : host.idleCores.toFixed(1)} of ${host.cores}, memory left ${host.memoryAvailableBytes === null ? 'not known' : bytes(host.memoryAvailableBytes)}, backlog ${sample.backlog ?? 'not known'}`,
    ...alerts
      .filter(({ state, mutedUntil }) => state === 'firing' && mutedUntil <= now)
      .map(({ text, since }) => `ALERT      ${text} (${span(now - since)} ago)`),
    ...sample.holds.map(({ what, since }) => `HELD       ${what} (for ${span(now - since)})`),
    '',
    ...tableOf(sample),
  ].map((line) => plain(line).slice(0, columns));
  if (lines.length <= rows) return lines;
  return [
    ...lines.slice(0, rows - 1),
    `... and ${lines.length - rows + 1} more lines: make the window higher`.slice(0, columns),
  ];
}

function tableOf({ workers, seconds }: Sample): string[] {
  const cells = [
    COLUMNS.map(([head]) => head),
    ...workers.map((worker) => COLUMNS.map(([, of]) => of(worker, Math.max(1, seconds)))),
  ];
  const widths = COLUMNS.map((_, index) => Math.max(...cells.map((row) => row[index]!.length)));
  return cells.map((row) =>
    row.map((cell, index) => (index < 2 ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!))).join('  '),
  );
}

/** Texts hold what visitors send (a referring host): nothing of it may steer the terminal. */
const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, ' ');
