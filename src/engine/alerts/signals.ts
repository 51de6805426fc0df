import { median } from '../median.ts';
import type { Outcome, Severity } from '../monitor-sample.ts';
import type { Limits, Reading, Signal, View } from './rule.ts';
import { allOf, demandOf, robustZ } from './window.ts';

const SECOND = 1_000;
const MINUTE_MS = 60 * SECOND;
const HOUR_MS = 60 * MINUTE_MS;
/** Of a time, so much must be known to be judged by. */
const KNOWN_SHARE = 0.7;
/** A surge that lasts so long is the new level. */
const NEW_LEVEL_MS = 30 * MINUTE_MS;
/** A short time of this length or more belongs to a slow burn, seconds. */
const SLOW_SECONDS = 1_800;
/** A decision that was taken again so lately still holds. */
const LATELY_MS = 15 * SECOND;

const percent = (share: number): number => Math.round(share * 100);
const well = (value: number, text = ''): Reading => ({ severity: undefined, value, text });
const either = (isSo: boolean, severity: Severity, text: string): Reading =>
  isSo ? { severity, value: 1, text } : well(0);

/**
 * A surge: the demand of the last 5 minutes against the 5 before, and of the last minute, so that it is known early;
 * both must be far out of the last hour (median and MAD). Over, when the demand of the last minute is nearer to what it was.
 */
export const surge: Signal = ({ now, window }, limits, firing) => {
  const { warn = 200, critical = 400, floor = 2, z = 6, warmUp = 300 } = limits;
  const lastMinute = window.sum(now - MINUTE_MS, now);
  if (firing !== undefined) return surgeGoesOn(now, demandOf(lastMinute), limits, firing);
  const growthOf = (lengthMs: number): { growth: number; rate: number; before: number } => {
    const last = window.sum(now - lengthMs, now);
    const before = window.sum(now - lengthMs - 5 * MINUTE_MS, now - lengthMs);
    if (before.seconds < warmUp * KNOWN_SHARE || last.seconds < (lengthMs / SECOND) * KNOWN_SHARE)
      return { growth: 0, rate: 0, before: 0 };
    const rate = demandOf(last);
    const base = demandOf(before);
    return { growth: (rate / Math.max(base, floor) - 1) * 100, rate, before: base };
  };
  const [long, short] = [growthOf(5 * MINUTE_MS), growthOf(MINUTE_MS)];
  const { growth, rate, before } = long.growth > short.growth ? long : short;
  // What was in the last five minutes and is over is no news any more.
  const goesOn = demandOf(lastMinute) >= Math.max(before, floor) * (1 + warn / 200);
  if (growth < warn || rate < floor || !goesOn) return well(Math.max(0, growth));
  const hour = window.minutes(now - HOUR_MS, now - MINUTE_MS);
  // Too few minutes to know what is usual: the growth alone decides.
  const isFarOut = hour.length < 10 || robustZ(rate, hour, Math.max(floor / 2, before * 0.1)) >= z;
  if (!isFarOut) return well(growth);
  return {
    severity: growth >= critical ? 'critical' : 'warn',
    value: growth,
    text: surgeText(growth, before, rate),
    memory: { before, since: now },
  };
};

function surgeGoesOn(
  now: number,
  rate: number,
  limits: Limits,
  { before = 0, since = now }: { before?: number; since?: number },
): Reading {
  const { warn = 200, critical = 400, floor = 2 } = limits;
  const growth = (rate / Math.max(before, floor) - 1) * 100;
  if (growth < warn / 2 || now - since > NEW_LEVEL_MS) return well(Math.max(0, growth));
  return { severity: growth >= critical ? 'critical' : 'warn', value: growth, text: surgeText(growth, before, rate) };
}

const surgeText = (growth: number, before: number, rate: number): string =>
  `+${Math.round(growth).toLocaleString('en-GB')} % against the 5 minutes before (${before.toFixed(1)} to ${rate.toFixed(1)} requests a second)`;

/** The last 5 minutes have far less than the 5 before and than the usual minute of the last hour: a surge's end is no drop. */
export const drop: Signal = ({ now, window }, { percent: least = 80, floor = 2, warmUp = 1_200 }) => {
  const last = window.sum(now - 5 * MINUTE_MS, now);
  const hour = window.minutes(now - HOUR_MS, now - 5 * MINUTE_MS);
  if (hour.length * 60 < warmUp || last.seconds < 300 * KNOWN_SHARE) return well(0);
  const usual = median(hour);
  const fallen = (1 - demandOf(last) / Math.max(usual, 0.001)) * 100;
  if (usual < floor || fallen < least) return well(Math.max(0, fallen));
  return {
    severity: 'warn',
    value: fallen,
    text: `-${Math.round(fallen)} % against the usual of the last hour (${usual.toFixed(1)} to ${demandOf(last).toFixed(1)} requests a second)`,
  };
};

/**
 * How fast a budget is used up, over a long time (it matters) and a short one (it goes on). `budget`: percent of requests
 * that may end so; `burn`: so many times as fast. `least`: requests in the short time, to be judged at all.
 */
export const burn =
  (outcome: Outcome, longSeconds: number, shortSeconds: number): Signal =>
  ({ now, window }, { burn: most = 14.4, budget = 0.1, least = 60 }) => {
    const shareOf = (seconds: number): { share: number; all: number; known: number } => {
      const { outcomes, seconds: known } = window.sum(now - seconds * SECOND, now);
      const all = allOf(outcomes);
      return { share: all === 0 ? 0 : outcomes[outcome] / all, all, known };
    };
    const long = shareOf(longSeconds);
    const short = shareOf(shortSeconds);
    const rate = Math.min(long.share, short.share) / (budget / 100);
    // What goes on for hours cannot be told from a minute.
    const isYoung = shortSeconds >= SLOW_SECONDS && long.known < shortSeconds * KNOWN_SHARE;
    if (short.all < least || rate < most || isYoung) return well(rate);
    const words = { failed: 'failed', refused: 'were asked to wait', last_good: 'got an older copy' } as Record<
      string,
      string
    >;
    return {
      severity: outcome === 'failed' && longSeconds <= 3_600 ? 'critical' : 'warn',
      value: rate,
      text: `${(short.share * 100).toFixed(1)} % of requests ${words[outcome] ?? outcome} in the last ${shortSeconds / 60} min, ${(long.share * 100).toFixed(1)} % in the last ${longSeconds / 3_600} h: ${rate.toFixed(1)} times what may be`,
    };
  };

export const saturated: Signal = ({ sample: { mode, reason } }) =>
  either(mode === 'saturated' || mode === 'down', 'warn', `${mode}: ${reason}`);

export const down: Signal = ({ sample: { mode, reason } }) =>
  either(mode === 'down' && reason !== 'starting', 'critical', `down: ${reason}`);

export const lifeboat: Signal = ({ sample: { lifeboat: isActive, lifeboatAnswers } }) =>
  either(
    isActive,
    'warn',
    `no worker answers, the lifeboat does${lifeboatAnswers > 0 ? ` (${lifeboatAnswers} requests in the last second)` : ''}`,
  );

export const crashLoop: Signal = ({ sample }) =>
  either(sample.crashLoop, 'critical', `workers die one after the other${lastWords(sample.workers)}`);

const lastWords = (workers: View['sample']['workers']): string => {
  const words = workers.find((worker) => worker.lastWords !== '')?.lastWords.split('\n', 1)[0];
  return words === undefined ? '' : `: ${words.slice(0, 200)}`;
};

export const failedFork: Signal = ({ sample: { failedForks } }) =>
  either(failedForks > 0, 'critical', 'no process could be had for a worker');

/** Left of a whole, in percent, against two limits. */
const left = (free: number, all: number, { warn = 10, critical = 5 }: Limits, what: string): Reading => {
  const share = free / all;
  const severity = share * 100 < critical ? 'critical' : share * 100 < warn ? 'warn' : undefined;
  return { severity, value: percent(share), text: `${percent(share)} % of the ${what} is left (${megabytes(free)})` };
};
const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576).toLocaleString('en-GB')} MiB`;

export const memory: Signal = ({ sample: { host } }, limits) =>
  host.memoryAvailableBytes === null || !host.memoryLimitBytes
    ? well(100)
    : left(host.memoryAvailableBytes, host.memoryLimitBytes, limits, 'memory');

export const disk: Signal = (view, limits) =>
  view.disk === undefined || view.disk.totalBytes === 0
    ? well(100)
    : left(view.disk.freeBytes, view.disk.totalBytes, limits, 'disk of the data folder');

/** Of public pages, so many were answered by the cache: the last 5 minutes against the half hour before. */
export const cacheCollapse: Signal = ({ now, window }, { percent: fall = 50, from = 50, least = 100 }) => {
  const hits = (fromMs: number, toMs: number): { share: number; all: number } => {
    const { outcomes } = window.sum(fromMs, toMs);
    const hit = outcomes.fresh + outcomes.last_good;
    const all = hit + outcomes.rendered;
    return { share: all === 0 ? 0 : hit / all, all };
  };
  const last = hits(now - 5 * MINUTE_MS, now);
  const before = hits(now - 35 * MINUTE_MS, now - 5 * MINUTE_MS);
  const isSo =
    last.all >= least &&
    before.all >= least &&
    before.share * 100 >= from &&
    last.share < before.share * (1 - fall / 100);
  return isSo
    ? {
        severity: 'warn',
        value: percent(last.share),
        text: `the cache answers ${percent(last.share)} % of the pages, half an hour before ${percent(before.share)} %`,
      }
    : well(percent(last.share));
};

export const atMax: Signal = ({ now, sample: { decision, target, max, mode } }) =>
  either(
    decision?.vetoed === true && now - decision.lastAt < LATELY_MS && mode !== 'calm',
    'warn',
    `${target} of ${max} workers, and more are called for: ${decision?.reason ?? ''}`,
  );

export const featureDown: Signal = ({ sample: { workers } }) => {
  const names = new Set(
    workers
      .filter(({ state }) => state === 'serving')
      .flatMap(({ features }) => Object.entries(features).flatMap(([name, state]) => (state === 'down' ? [name] : []))),
  );
  return either(names.size > 0, 'warn', `down: ${[...names].sort().join(', ')}`);
};

export const stressFall: Signal = ({ stress }) => {
  if (stress === undefined) return well(0);
  const { now, usual, band, fallen } = stress;
  const fall = (1 - now / usual) * 100;
  if (!fallen) return well(Math.max(0, fall));
  return {
    severity: 'warn',
    value: fall,
    text: `the last scheduled stress run had ${Math.round(now)} visitors a second, those before ${Math.round(usual)}: -${Math.round(fall)} %, of which ${percent(band)} % may be noise`,
  };
};

export const signInAttack: Signal = ({ now, window }, { least = 60, within = 300 }) => {
  const { failedSignIns } = window.sum(now - within * SECOND, now);
  return failedSignIns >= least
    ? {
        severity: 'warn',
        value: failedSignIns,
        text: `${failedSignIns} sign-ins failed in ${Math.round(within / 60)} min`,
      }
    : well(failedSignIns);
};
