import type { HostSample } from '../host/host.ts';
import { type FlapState, flapMultiplier, noFlaps, steppedDown, steppedUp } from './scaler/flap.ts';
import { SCALER_DEFAULTS, type ScalerOptions } from './scaler/options.ts';
import { inPanic, NO_PANIC, nextPanic, type PanicState, stepSize } from './scaler/panic.ts';
import { type Pressure, pressureOf } from './scaler/pressure.ts';
import { type FleetSignals, readSignals, type SignalMemory } from './scaler/signals.ts';
import { followTrial, rememberUseless, startTrial, stillUseless, type Trial, type Useless } from './scaler/trial.ts';
import { lockVeto, percent, roomFor, upstreamVeto, type Veto } from './scaler/veto.ts';
import { isServing, type WorkerView } from './view.ts';

export interface ScalerInput {
  /** Every worker, in every state. */
  workers: readonly WorkerView[];
  /** Names of serving workers that are silent for longer than a block takes. */
  blocked: ReadonlySet<string>;
  host: HostSample;
  /** Workers that are to serve, as it was last decided. */
  target: number;
  min: number;
  max: number;
  /** Usable cores; a quota may make it 0.5. */
  cores: number;
  /** What the fleet is in the middle of besides the steps of the scaler (a reload), in words; undefined: nothing. */
  operation: string | undefined;
}

export type DecisionCause =
  | Pressure['cause']
  | Veto['cause']
  | 'calm'
  | 'no_throughput'
  | 'min'
  | 'operation'
  | 'settling'
  | 'trial'
  | 'burst'
  | 'steady';

export interface Decision {
  action: 'up' | 'down' | 'undo' | 'hold';
  /** Workers that are to serve from now on. */
  target: number;
  /** Label of the metric: one of a fixed, short list. */
  cause: DecisionCause;
  /** A sentence: `scale up 1 -> 2: queue delay 38 ms in 2 beats, 1.0 cores idle`. */
  reason: string;
  /** More workers were called for, and refused: the cause says why. */
  vetoed: boolean;
}

export interface ScalerState {
  signals: SignalMemory;
  panic: PanicState;
  flap: FlapState;
  trial: Trial | undefined;
  useless: Useless | undefined;
  /** Since when the last step is done; undefined: it is under way. */
  doneAt: number | undefined;
  /** Since when something presses, and since when the projection onto one worker less is calm. */
  pressedSince: number | undefined;
  calmSince: number | undefined;
}

export const scalerAtStart = (now: number): ScalerState => ({
  signals: new Map(),
  panic: NO_PANIC,
  flap: noFlaps(now),
  trial: undefined,
  useless: undefined,
  doneAt: Number.NEGATIVE_INFINITY,
  pressedSince: undefined,
  calmSince: undefined,
});

/** What one tick is decided on. */
interface Situation {
  input: ScalerInput;
  fleet: FleetSignals;
  pressure: Pressure | undefined;
  state: ScalerState;
  now: number;
  options: ScalerOptions;
}

type Outcome = { decision: Decision; state: ScalerState };

/**
 * One tick of the scaler: what it sees, what it did before and the clock in, a decision and the new state out. Call it
 * at every beat or more often; it changes nothing itself. The caller carries `decision.target` out, and tells the
 * scaler of it by `input.target` and the workers' states.
 */
export function decide(
  input: ScalerInput,
  before: ScalerState,
  now: number,
  options: ScalerOptions = SCALER_DEFAULTS,
): Outcome {
  const { memory, fleet } = readSignals(before.signals, input.workers, input.blocked, now, options);
  const panic = nextPanic(before.panic, fleet.loadFast, fleet.loadSlow, now, options);
  const pressure = pressureOf(fleet, inPanic(panic, now), options);
  const state: ScalerState = {
    ...before,
    signals: memory,
    panic,
    pressedSince: pressure === undefined ? undefined : (before.pressedSince ?? now),
    calmSince: isCalm(input, fleet, pressure, options) ? (before.calmSince ?? now) : undefined,
  };
  const situation = { input, fleet, pressure, state, now, options };
  return (
    outOfBounds(situation) ??
    underWay(situation) ??
    onTrial({ ...situation, state: { ...state, doneAt: before.doneAt ?? now } })
  );
}

/** The state after a decision that was only observed: what was seen stays, the step was never made. */
export const notCarriedOut = (before: ScalerState, after: ScalerState): ScalerState => ({
  ...after,
  panic: { ...after.panic, steps: before.panic.steps },
  flap: before.flap,
  trial: before.trial,
  useless: before.useless,
  doneAt: before.doneAt,
});

/** The least and the most workers are law, whatever the signals say; a reload may have changed them. */
function outOfBounds({ input: { target, min, max }, state }: Situation): Outcome | undefined {
  if (target < min) {
    return {
      decision: decision('up', min, 'min', `scale up ${target} -> ${min}: ${min} is the fewest workers allowed`),
      state: { ...state, doneAt: undefined },
    };
  }
  if (target > max) {
    return {
      decision: decision('down', max, 'max', `scale down ${target} -> ${max}: ${max} is the most workers allowed`),
      state: { ...state, doneAt: undefined, trial: undefined },
    };
  }
  return undefined;
}

/** A drain counts as under way until the port is left for sure, ms; what then still runs are long downloads, which a step up need not wait for. */
const LEAVING_MS = 1_000;

/** One operation at a time: until the last step is done, nothing is decided. */
function underWay({ input, state, now }: Situation): Outcome | undefined {
  const { workers, target, operation } = input;
  const serving = workers.filter(isServing).length;
  const leaving = workers.find(
    (worker) => worker.state === 'draining' && now - (worker.drainingAt ?? now) < LEAVING_MS,
  );
  const busy =
    operation ??
    (serving < target
      ? `${serving} of ${target} workers serve`
      : leaving !== undefined
        ? `${leaving.name} is leaving`
        : serving > target
          ? `${serving} workers serve, ${target} are to`
          : undefined);
  if (busy === undefined) return undefined;
  const trial = state.trial === undefined ? undefined : { ...state.trial, lastAt: now };
  return { decision: hold(target, 'operation', busy), state: { ...state, trial, doneAt: undefined } };
}

/** A step that brought no throughput is undone, and remembered. */
function onTrial(situation: Situation): Outcome {
  const { input, fleet, pressure, state, now, options } = situation;
  if (state.trial === undefined) return stepUp(situation) ?? stepDown(situation);
  const settled = now - (state.doneAt ?? now) >= options.settleMs;
  const { trial, verdict, rate, cause, words } = followTrial(
    state.trial,
    fleet,
    pressure !== undefined,
    settled,
    now,
    options,
  );
  if (verdict === 'useless' && trial.from >= input.min) {
    const useless = rememberUseless(state.useless, trial, { cause, served: rate }, now, options);
    return {
      decision: decision(
        'undo',
        trial.from,
        'no_throughput',
        `undo ${input.target} -> ${trial.from}: ${words}; not tried again for ${Math.round(useless.pauseMs / 1_000)} s`,
      ),
      state: { ...state, trial: undefined, useless, doneAt: undefined, calmSince: undefined },
    };
  }
  const kept = {
    ...state,
    trial: verdict === 'open' ? trial : undefined,
    useless: verdict === 'kept' ? undefined : state.useless,
  };
  return stepUp({ ...situation, state: kept }) ?? stepDown({ ...situation, state: kept });
}

function stepUp({ input, fleet, pressure, state, now, options }: Situation): Outcome | undefined {
  if (pressure === undefined) return undefined;
  const { target } = input;
  const panic = inPanic(state.panic, now);
  const pressedMs = now - (state.pressedSince ?? now);
  const holdFor = (cause: DecisionCause, words: string): Outcome => ({
    decision: hold(target, cause, `${pressure.words}, but ${words}`),
    state,
  });
  const refuse = ({ cause, words }: Veto): Outcome => ({
    decision: { ...hold(target, cause, `${pressure.words}, but ${words}`), vetoed: true },
    state,
  });

  const locked = lockVeto(fleet, options);
  if (locked !== undefined) return refuse(locked);
  if (pressure.queue && (panic ? fleet.eluLast : fleet.eluNow) < options.eluBound && fleet.poolQueued === 0) {
    const outside = upstreamVeto(fleet, pressedMs, options);
    return outside === undefined ? holdFor('burst', 'the event loops have room') : refuse(outside);
  }
  if (pressure.queue && !panic && !pressure.urgent && fleet.elu < options.eluBound && fleet.poolQueued === 0) {
    return holdFor('burst', `utilisation over the last second was ${percent(fleet.elu)}`);
  }
  const { useless } = state;
  if (useless !== undefined && stillUseless(useless, target, fleet.served, now)) {
    const why = useless.cause === 'lock' ? ': they wait for the same database locks' : '';
    const leftS = Math.ceil((useless.until - now) / 1_000);
    return refuse({
      cause: useless.cause,
      words: `a worker more brought no throughput${why}; tried again in ${leftS} s`,
    });
  }
  const { step, veto, idleCores } = roomFor({ ...input, fleet }, stepSize(state.panic, now, options), options);
  if (veto !== undefined) return refuse(veto);
  const settleMs = panic ? options.panicSettleMs : options.settleMs;
  if (now - (state.doneAt ?? now) < settleMs) return holdFor('settling', 'the last step is settling');
  if (state.trial !== undefined && !panic) return holdFor('trial', `what worker ${target} brings is being measured`);
  const next = target + step;
  return {
    decision: decision(
      'up',
      next,
      pressure.cause,
      `scale up ${target} -> ${next}: ${pressure.words}, ${idleCores.toFixed(1)} cores idle${panic ? ', panic' : ''}`,
    ),
    state: {
      ...state,
      panic: panic ? { ...state.panic, steps: state.panic.steps + 1 } : state.panic,
      flap: steppedUp(state.flap, now, options),
      trial: startTrial(target, next, fleet.served, now),
      doneAt: undefined,
      calmSince: undefined,
    },
  };
}

/** Mean utilisation that the loops would have with one worker less. */
const projected = (fleet: FleetSignals, target: number): number => fleet.work / (target - 1);

const isCalm = (
  { target, min }: ScalerInput,
  fleet: FleetSignals,
  pressure: Pressure | undefined,
  options: ScalerOptions,
): boolean => target > min && target > 1 && pressure === undefined && projected(fleet, target) < options.calmElu;

function stepDown({ input, fleet, pressure, state, now, options }: Situation): Outcome {
  const { target, workers } = input;
  const neededMs = options.calmMs * flapMultiplier(state.flap, now, options);
  const calmMs = state.calmSince === undefined ? 0 : now - state.calmSince;
  const draining = workers.some((worker) => worker.state === 'draining');
  if (
    state.calmSince === undefined ||
    calmMs < neededMs ||
    draining ||
    state.trial !== undefined ||
    inPanic(state.panic, now)
  ) {
    return {
      decision: hold(target, 'steady', pressure === undefined ? 'nothing calls for a step' : pressure.words),
      state,
    };
  }
  const words = `with ${target - 1} the utilisation would be ${projected(fleet, target).toFixed(2)}, calm for ${Math.round(calmMs / 1_000)} s`;
  return {
    decision: decision('down', target - 1, 'calm', `scale down ${target} -> ${target - 1}: ${words}`),
    state: { ...state, flap: steppedDown(state.flap, now), doneAt: undefined, calmSince: undefined },
  };
}

const decision = (action: Decision['action'], target: number, cause: DecisionCause, reason: string): Decision => ({
  action,
  target,
  cause,
  reason,
  vetoed: false,
});
const hold = (target: number, cause: DecisionCause, words: string): Decision =>
  decision('hold', target, cause, `hold at ${target}: ${words}`);
