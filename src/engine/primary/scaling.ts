import { z } from 'zod';
import type { Config } from '../../config.ts';
import { createHostReader, type HostSample } from '../host/host.ts';
import type { Fleet } from './fleet.ts';
import { type JournalEntry, writeJournal } from './scaler/journal.ts';
import { SCALER_DEFAULTS, type ScalerOptions } from './scaler/options.ts';
import { sparesWanted } from './scaler/spares.ts';
import { type Decision, decide, notCarriedOut, type ScalerState, scalerAtStart } from './scaler.ts';
import { isBlocked, type Silence } from './silence.ts';
import { isServing } from './view.ts';

const TUNING = z.partialRecord(z.enum(Object.keys(SCALER_DEFAULTS) as (keyof ScalerOptions)[]), z.number());

/**
 * The scaler's parameters: the defaults, what the settings say, and for tests and measurements JSON in
 * `TAHAN_INTERNAL_SCALER`.
 */
export const scalerOptions = (config: Config, tuning = process.env.TAHAN_INTERNAL_SCALER): ScalerOptions => ({
  ...SCALER_DEFAULTS,
  lagUpMs: config.lagUpMs,
  eluUp: config.eluUp,
  calmMs: config.scaleCalmMs,
  ...(tuning === undefined ? {} : (TUNING.parse(JSON.parse(tuning)) as Partial<ScalerOptions>)),
});

export interface ScalingParts {
  fleet: Fleet;
  onDecision: (decision: Decision) => void;
  readHost?: (now: number) => HostSample;
}

export interface Scaling {
  readonly host: HostSample;
  /** The last 200 decisions worth telling, oldest first. */
  readonly journal: readonly JournalEntry[];
  /** Decides, and carries it out. `operation`: what the fleet is in the middle of, in words. */
  tick: (config: Config, silence: Silence, operation: string | undefined, now: number) => void;
  /** An operator holds the number of workers: only the bounds count. */
  hold: (config: Config, now: number) => void;
}

/** Carries out what the scaler decides, keeps its state, and tells its news. */
export function createScaling({ fleet, onDecision, readHost = createHostReader() }: ScalingParts): Scaling {
  let state: ScalerState | undefined;
  let host = readHost(performance.now());
  let journal: readonly JournalEntry[] = [];
  let known: { config: Config; options: ScalerOptions } | undefined;

  /** A tick comes every 50 ms, other settings only with a reload. */
  const optionsOf = (config: Config): ScalerOptions => {
    if (known?.config !== config) known = { config, options: scalerOptions(config) };
    return known.options;
  };

  return {
    get host() {
      return host;
    },
    get journal() {
      return journal;
    },
    hold(config, now) {
      const { workersMin: min, workersMax: max, spare } = config;
      host = readHost(now);
      // What was measured until now says nothing of the time after.
      state = undefined;
      const workers = [...fleet.members.values()].filter(({ reserved }) => !reserved);
      const target = Math.min(max, Math.max(min, fleet.target));
      fleet.aim(target, sparesWanted({ workers, host, target, max, spare }, optionsOf(config)));
    },
    tick(config, silence, operation, now) {
      host = readHost(now);
      const options = optionsOf(config);
      const { workersMin: min, workersMax: max, spare, cores } = config;
      const workers = [...fleet.members.values()].filter(({ reserved }) => !reserved);
      const aim = (target: number): void =>
        fleet.aim(target, sparesWanted({ workers, host, target, max, spare }, options));
      if (config.scaler === 'off') {
        state = undefined;
        aim(max);
        return;
      }
      const carriedOut = config.scaler === 'on';
      const target = carriedOut ? fleet.target || min : max;
      const blocked = new Set(
        workers
          .filter((worker) => isServing(worker) && isBlocked(worker, silence, config.silentMs))
          .map(({ name }) => name),
      );
      const before = state ?? scalerAtStart(now);
      const decided = decide({ workers, blocked, host, target, min, max, cores, operation }, before, now, options);
      const { decision } = decided;
      state = carriedOut ? decided.state : notCarriedOut(before, decided.state);
      const written = writeJournal(journal, decision, Date.now());
      journal = written.journal;
      if (written.news) onDecision(decision);
      aim(carriedOut ? decision.target : max);
    },
  };
}
