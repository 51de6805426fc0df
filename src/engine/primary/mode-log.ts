import type { Logger } from 'pino';
import type { MetricsDelta, Mode } from '../beats.ts';
import type { ModeState } from './mode.ts';
import type { JournalEntry } from './scaler/journal.ts';
import type { VetoCause } from './scaler/veto.ts';

/** What the server was like for less is no news, ms. */
const NEWS_AFTER_MS = 1_000;

const LIMITS: Record<VetoCause, string> = {
  max: 'TAHAN_WORKERS_MAX',
  cpu: 'CPU',
  memory: 'memory',
  lock: 'the database lock',
  upstream: 'an upstream',
  useless: 'nothing that more workers would change',
};

export interface ModeLog {
  /** What a process has counted; in a surge it is added up. */
  count: (delta: Pick<MetricsDelta, 'counters'>) => void;
  /**
   * The mode is this now. `serving`: workers that serve. `decisions`: the scaler's, the last one last. `now`: the clock of
   * `mode`, ms.
   */
  look: (mode: ModeState, serving: number, decisions: readonly JournalEntry[], now: number) => void;
}

/** A time in which the server was saturated or down. */
interface Surge {
  from: number;
  /** When it was last called for: a mode stays for a while after that. */
  until: number;
  /** Epoch ms of its begin, for the scaler's journal. */
  began: number;
  announced: boolean;
  served: number;
  refused: Map<string, number>;
  lifeboat: number;
  workers: { first: number; most: number };
}

const isHard = (mode: Mode): boolean => mode === 'saturated' || mode === 'down';

/**
 * Tells what of the modes is news: that the server has been saturated or down for over a second, and one line that sums
 * it up afterwards, for the log and for `onSummary`. All other changes are for `LOG_LEVEL=debug`; so is the start, when nobody serves yet.
 */
export function createModeLog(log: Logger, onSummary: (line: string) => void): ModeLog {
  let before: ModeState | undefined;
  let started = false;
  let surge: Surge | undefined;

  const begin = (serving: number, now: number): Surge => ({
    from: now,
    until: now,
    began: Date.now(),
    announced: false,
    served: 0,
    refused: new Map(),
    lifeboat: 0,
    workers: { first: serving, most: serving },
  });

  const sumUp = (ended: Surge, decisions: readonly JournalEntry[]): void => {
    const refused = [...ended.refused].sort((a, b) => b[1] - a[1]);
    const all = refused.reduce((sum, [, count]) => sum + count, 0);
    const most = refused[0] === undefined ? '' : ` (most: ${refused[0][0]})`;
    const { first, most: peak } = ended.workers;
    const veto = decisions.findLast(({ vetoed, lastAt }) => vetoed && lastAt >= ended.began);
    const limit = veto === undefined ? '' : `, the limit was ${LIMITS[veto.cause as VetoCause] ?? veto.cause}`;
    const seconds = ((ended.until - ended.from) / 1_000).toFixed(1);
    const line = `surge over: ${seconds} s, ${number(ended.served)} served, ${number(all)} asked to wait${most}, lifeboat ${number(ended.lifeboat)}, workers ${first} to ${peak}${limit}`;
    log.info(line);
    onSummary(line);
  };

  return {
    count({ counters }) {
      if (surge === undefined) return;
      for (const [name, labels, amount] of counters) {
        if (name === 'tahan_lifeboat_answers_total') surge.lifeboat += amount;
        if (name !== 'http_requests_total') continue;
        const [route = '', , , cache] = labels;
        if (cache === 'refused') surge.refused.set(route, (surge.refused.get(route) ?? 0) + amount);
        else surge.served += amount;
      }
    },
    look(mode, serving, decisions, now) {
      const last = before;
      before = mode;
      started ||= !isHard(mode.mode);
      if (last !== undefined && last.mode !== mode.mode)
        log.debug({ from: last.mode, to: mode.mode, why: mode.reason }, 'mode changed');
      if (!started) return;
      if (isHard(mode.mode)) {
        surge ??= begin(serving, now);
        surge.workers.most = Math.max(surge.workers.most, serving);
        surge.until = mode.calledForAt;
        if (surge.announced || surge.until - surge.from < NEWS_AFTER_MS) return;
        surge.announced = true;
        log.warn({ why: mode.reason }, `${mode.mode} for over a second`);
      } else if (surge !== undefined) {
        if (surge.announced) sumUp(surge, decisions);
        surge = undefined;
      }
    },
  };
}

const number = (value: number): string => value.toLocaleString('en-GB');
