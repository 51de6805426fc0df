import type { Beat, Mode } from '../beats.ts';

/** A serving worker as the primary sees it. Times on the primary's clock, ms. */
export interface WorkerView {
  name: string;
  /** Undefined: it has never told anything. */
  lastBeatAt: number | undefined;
  beat: Beat | undefined;
  servingAt: number;
}

export interface SaturationOptions {
  /** Silence after which a worker counts as blocked: a beat comes each 100 ms, one late by half is no silence. */
  silentMs: number;
  lagUpMs: number;
  eluUp: number;
  /** A calmer mode is taken only after the harder one was not seen for this long. */
  calmDownMs: number;
}

export const SATURATION: SaturationOptions = { silentMs: 150, lagUpMs: 40, eluUp: 0.8, calmDownMs: 1_000 };

export interface ModeState {
  mode: Mode;
  reason: string;
  /** When the present mode, or a harder one, was last called for. */
  calledForAt: number;
}

const HARDNESS: Record<Mode, number> = { calm: 0, busy: 1, saturated: 2, down: 3 };

/** Whether a worker answers: it has told something within the time that silence takes. */
export const isSilent = (worker: WorkerView, now: number, silentMs: number): boolean => now - (worker.lastBeatAt ?? worker.servingAt) > silentMs;

/**
 * The mode of the server from the beats of its serving workers. Harder modes are taken at once, calmer ones after
 * `calmDownMs`; from `down` the way back is at once, as it is a fact and no measurement.
 */
export function nextMode(workers: readonly WorkerView[], lifeboat: boolean, before: ModeState, now: number, options: SaturationOptions): ModeState {
  const { mode, reason } = modeNow(workers, lifeboat, now, options);
  if (HARDNESS[mode] >= HARDNESS[before.mode] || before.mode === 'down') return { mode, reason: mode === before.mode ? before.reason : reason, calledForAt: now };
  if (now - before.calledForAt < options.calmDownMs) return before;
  return { mode, reason, calledForAt: now };
}

function modeNow(workers: readonly WorkerView[], lifeboat: boolean, now: number, { silentMs, lagUpMs, eluUp }: SaturationOptions): { mode: Mode; reason: string } {
  const answering = workers.filter((worker) => !isSilent(worker, now, silentMs));
  if (answering.length === 0) {
    const who = workers.length === 0 ? 'no worker serves' : 'every worker is silent';
    return { mode: 'down', reason: lifeboat ? `${who}; the lifeboat answers` : who };
  }
  for (const { name, beat } of answering) {
    if (beat?.saturated) return { mode: 'saturated', reason: `the gate of ${name} refuses: queue delay ${Math.round(beat.queueDelayMs)} ms` };
  }
  const silent = workers.find((worker) => isSilent(worker, now, silentMs));
  if (silent !== undefined) return { mode: 'busy', reason: `${silent.name} is silent` };
  for (const { name, beat } of answering) {
    if (beat === undefined) continue;
    if (beat.lagP99Ms > lagUpMs) return { mode: 'busy', reason: `event-loop lag ${Math.round(beat.lagP99Ms)} ms on ${name}` };
    if (beat.elu > eluUp) return { mode: 'busy', reason: `event-loop utilisation ${beat.elu.toFixed(2)} on ${name}` };
  }
  return { mode: 'calm', reason: 'every worker has room' };
}

export interface LifeboatState {
  wanted: boolean;
  /** Since when a worker has been answering without a break; undefined: none is. */
  answeringSince: number | undefined;
}

/** The lifeboat leaves when a worker has been answering for this long, ms. */
const LEAVE_AFTER_MS = 500;

/** Whether the lifeboat must hold the port: at once when no serving worker answers, until one has answered for 500 ms. */
export function lifeboatWanted(workers: readonly WorkerView[], before: LifeboatState, now: number, silentMs: number): LifeboatState {
  const answering = workers.some((worker) => !isSilent(worker, now, silentMs));
  if (!answering) return { wanted: true, answeringSince: undefined };
  const answeringSince = before.answeringSince ?? now;
  return { wanted: before.wanted && now - answeringSince < LEAVE_AFTER_MS, answeringSince };
}
