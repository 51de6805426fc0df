import type { Mode } from '../beats.ts';
import { answering } from './lifeboat-call.ts';
import type { Silence } from './silence.ts';
import { isServing, type WorkerView } from './view.ts';

export interface ModeOptions {
  /** TAHAN_SILENT_MS: the least silence after which a worker counts as blocked, ms; all blocked: down. */
  silentMs: number;
  /**
   * Queue delay over which a worker is busy, and over which it is saturated, ms, where the work is small; else so many
   * usual units of its work, as a job that waits behind another one waits a unit.
   */
  queueBusyMs: number;
  queueSaturatedMs: number;
  /**
   * Event-loop lag (p99, ms; or so many units of the work as for a short queue, as each job is a lag of its own) and
   * utilisation (0 to 1, mean over about a second) over which the server is busy.
   */
  lagMs: number;
  elu: number;
  /** Connections that wait for each answering worker over which it is saturated; a turn of the loop accepts one. */
  backlogPerWorker: number;
  /** A mode is left only when the signal falls below this share of the threshold that it was entered at. */
  leaveShare: number;
  /** A calmer mode is taken only when nothing called for the present one for this long, ms. */
  calmDownMs: number;
}

/**
 * Delays in units of the work (E[S²]/E[S]). A queue with exponential jobs at 0.65 of the capacity is longer than 4 units
 * 4 % of the time, and longer than 12 (the gate's bound for a normal request) 0.02 % of the time.
 */
const BUSY_UNITS = 4;
const SATURATED_UNITS = 12;

export const MODE_DEFAULTS: ModeOptions = {
  silentMs: 400,
  queueBusyMs: 20,
  queueSaturatedMs: 100,
  lagMs: 40,
  elu: 0.8,
  backlogPerWorker: 128,
  leaveShare: 0.85,
  calmDownMs: 1_000,
};

export interface ModeInput {
  workers: readonly WorkerView[];
  silence: Silence;
  /** Connections that the kernel holds; undefined where that cannot be read. */
  backlog: number | undefined;
  /** The lifeboat holds the port. */
  lifeboat: boolean;
}

export interface ModeState {
  mode: Mode;
  /** Why, in words: `queue delay 140 ms on worker-2`. */
  reason: string;
  /** When the present mode was last called for. */
  calledForAt: number;
  /** Utilisation of the answering workers, smoothed, and when that was. */
  elu: number;
  at: number;
}

export const modeAtStart = (now: number): ModeState => ({
  mode: 'down',
  reason: 'starting',
  calledForAt: now,
  elu: 0,
  at: now,
});

type Verdict = Pick<ModeState, 'mode' | 'reason'>;
const HARDNESS: Record<Mode, number> = { calm: 0, busy: 1, saturated: 2, down: 3 };
/** Time constant of the smoothed utilisation, ms: a beat covers 100 ms, too little to tell a burst from a load. */
const ELU_SMOOTH_MS = 1_000;

/**
 * The mode of the server from the beats of its serving workers. A harder mode is taken at once; a calmer one when the
 * harder was not called for during `calmDownMs`, with thresholds lowered by `leaveShare` meanwhile. From `down` the
 * way back is at once: that somebody answers is a fact, not a measurement.
 */
export function nextMode(
  input: ModeInput,
  before: ModeState,
  now: number,
  options: ModeOptions = MODE_DEFAULTS,
): ModeState {
  const awake = answering(input.workers, input.silence, options.silentMs);
  const elu = smoothedElu(awake, before, now);
  const verdict = modeNow(input, awake, elu, before.mode, options);
  if (
    HARDNESS[verdict.mode] < HARDNESS[before.mode] &&
    before.mode !== 'down' &&
    now - before.calledForAt < options.calmDownMs
  ) {
    return { ...before, elu, at: now };
  }
  const reason = verdict.mode === before.mode ? before.reason : verdict.reason;
  return { mode: verdict.mode, reason, calledForAt: now, elu, at: now };
}

function smoothedElu(awake: readonly WorkerView[], before: ModeState, now: number): number {
  if (awake.length === 0) return before.elu;
  const mean = awake.reduce((sum, { beat }) => sum + (beat?.elu ?? 0), 0) / awake.length;
  return before.elu + (mean - before.elu) * (1 - Math.exp((before.at - now) / ELU_SMOOTH_MS));
}

function modeNow(
  input: ModeInput,
  awake: readonly WorkerView[],
  elu: number,
  before: Mode,
  options: ModeOptions,
): Verdict {
  const serving = input.workers.filter(isServing);
  if (awake.length === 0) {
    const who = serving.length === 0 ? 'no worker serves' : `no beat from ${namesOf(serving)}`;
    return { mode: 'down', reason: input.lifeboat ? `${who}; the lifeboat answers` : who };
  }
  const share = (mode: Mode): number =>
    HARDNESS[before] >= HARDNESS[mode] && before !== 'down' ? options.leaveShare : 1;
  return (
    saturatedNow(input, serving, awake, options, share('saturated')) ??
    busyNow(serving, awake, elu, options, share('busy')) ?? { mode: 'calm', reason: 'every worker has room' }
  );
}

function saturatedNow(
  input: ModeInput,
  serving: readonly WorkerView[],
  awake: readonly WorkerView[],
  options: ModeOptions,
  share: number,
): Verdict | undefined {
  const slowest = over(awake, 'queueDelayMs', options.queueSaturatedMs, SATURATED_UNITS, share);
  if (slowest !== undefined) {
    return { mode: 'saturated', reason: `queue delay ${slowest.ms} ms on ${slowest.name}` };
  }
  const refusing = awake.filter(({ beat }) => beat?.saturated);
  // One of several that refuses has too many of the kept connections; the others have room.
  if (refusing.length > 0 && refusing.length * 2 >= awake.length) {
    return { mode: 'saturated', reason: `the gate of ${namesOf(refusing)} refuses` };
  }
  const blocked = serving.filter((worker) => !awake.includes(worker));
  if (blocked.length > 0 && blocked.length * 2 >= serving.length) {
    return { mode: 'saturated', reason: `no beat from ${namesOf(blocked)} of ${serving.length} workers` };
  }
  const { backlog } = input;
  if (backlog !== undefined && backlog > options.backlogPerWorker * awake.length * share) {
    return { mode: 'saturated', reason: `${backlog} connections wait to be accepted` };
  }
  return undefined;
}

function busyNow(
  serving: readonly WorkerView[],
  awake: readonly WorkerView[],
  elu: number,
  options: ModeOptions,
  share: number,
): Verdict | undefined {
  const blocked = serving.filter((worker) => !awake.includes(worker));
  if (blocked.length > 0) return { mode: 'busy', reason: `no beat from ${namesOf(blocked)}` };
  const refusing = awake.find(({ beat }) => beat?.saturated);
  if (refusing !== undefined) return { mode: 'busy', reason: `the gate of ${refusing.name} refuses` };
  const slowest = over(awake, 'queueDelayMs', options.queueBusyMs, BUSY_UNITS, share);
  if (slowest !== undefined) return { mode: 'busy', reason: `queue delay ${slowest.ms} ms on ${slowest.name}` };
  const laggard = over(awake, 'lagP99Ms', options.lagMs, BUSY_UNITS, share);
  if (laggard !== undefined) return { mode: 'busy', reason: `event-loop lag ${laggard.ms} ms on ${laggard.name}` };
  if (elu > options.elu * share) return { mode: 'busy', reason: `event-loop utilisation ${elu.toFixed(2)}` };
  return undefined;
}

/** The worker whose delay is longest among those over their threshold: so many ms, or units of its work if that is more. */
function over(
  workers: readonly WorkerView[],
  signal: 'queueDelayMs' | 'lagP99Ms',
  leastMs: number,
  units: number,
  share: number,
): { name: string; ms: number } | undefined {
  let longest: { name: string; ms: number } | undefined;
  for (const { name, beat } of workers) {
    if (beat === undefined || beat[signal] <= Math.max(leastMs, units * beat.workUnitMs) * share) continue;
    if (beat[signal] > (longest?.ms ?? 0)) longest = { name, ms: Math.round(beat[signal]) };
  }
  return longest;
}

/** Names shown in a reason; more are a number. */
const MAX_NAMES = 3;
function namesOf(workers: readonly WorkerView[]): string {
  const names = workers.slice(0, MAX_NAMES).map(({ name }) => name);
  return workers.length > MAX_NAMES ? `${names.join(', ')} and ${workers.length - MAX_NAMES} more` : names.join(', ');
}
