import type { HostSample } from '../../host/host.ts';
import { fittingProcesses, workerBytes } from '../memory-guard.ts';
import type { WorkerView } from '../view.ts';
import type { ScalerOptions } from './options.ts';
import type { FleetSignals } from './signals.ts';

export interface Room {
  workers: readonly WorkerView[];
  fleet: FleetSignals;
  host: HostSample;
  target: number;
  max: number;
  /** Usable cores; a quota may make it 0.5. */
  cores: number;
}

export type VetoCause = 'max' | 'cpu' | 'memory' | 'lock' | 'upstream' | 'useless';
export interface Veto {
  cause: VetoCause;
  words: string;
}

/** More workers would wait for the same lock. */
export function lockVeto({ lockShare }: FleetSignals, options: ScalerOptions): Veto | undefined {
  if (lockShare <= options.lockShare) return undefined;
  return { cause: 'lock', words: `workers wait for database locks ${percent(lockShare)} of the time` };
}

/** More workers would wait for the same upstream: requests wait, but neither the loops nor the pools are at work. */
export function upstreamVeto(fleet: FleetSignals, pressedMs: number, options: ScalerOptions): Veto | undefined {
  // The average of a worker that has just begun is low: its last beats count too.
  const elu = Math.max(fleet.elu, fleet.eluNow);
  if (fleet.poolQueued > 0 || pressedMs < options.upstreamMs || elu >= options.eluIdle) return undefined;
  return {
    cause: 'upstream',
    words: `the event loops are used only ${percent(elu)}: requests wait for something outside`,
  };
}

/**
 * Idle cores at this moment. The host's number is an average of half a second: what the workers' loops do now above
 * their own average of that time is taken off, so that a sudden load does not see the idle core that it just took.
 */
function coresIdleNow({ host, cores, fleet }: Room): number {
  let used = 0;
  let rising = 0;
  for (const { beat, elu, eluHost } of fleet.workers) {
    used += elu;
    rising += Math.max(0, beat.elu - eluHost);
  }
  return Math.max(0, (host.idleCores ?? cores - used) - rising);
}

/** How many of `asked` workers the VM has room for, and when that is none, what is lacking. */
export function roomFor(
  room: Room,
  asked: number,
  options: ScalerOptions,
): { step: number; veto: Veto | undefined; idleCores: number } {
  const { target, max, cores, host } = room;
  const idleCores = coresIdleNow(room);
  const none = (cause: VetoCause, words: string): { step: number; veto: Veto; idleCores: number } => ({
    step: 0,
    veto: { cause, words },
    idleCores,
  });
  if (target >= max) return none('max', `${max} is the most workers allowed`);
  const usable = Math.max(1, Math.floor(cores));
  if (target >= usable) return none('cpu', `${target} workers for ${Math.round(cores * 100) / 100} usable cores`);
  if ((host.throttledShare ?? 0) > options.throttledShare) {
    return none('cpu', `the CPU quota is used up: throttled in ${percent(host.throttledShare ?? 0)} of its periods`);
  }
  const byCores = Math.floor(idleCores + 1 - options.idleCores);
  if (byCores < 1) {
    const stolen =
      (host.stealShare ?? 0) >= 0.05
        ? `, ${percent(host.stealShare ?? 0)} of the time is stolen by other machines`
        : '';
    return none('cpu', `no idle core (${idleCores.toFixed(1)})${stolen}`);
  }
  const step = Math.min(asked, max - target, usable - target, byCores);
  const spares = room.workers.filter(({ state }) => state === 'spare').length;
  // A warm spare has its memory already: only what it will grow must find room.
  const ready = Math.min(step, spares);
  const bytes = workerBytes(room.workers);
  const grown = fittingProcesses(host, 0, 1, options.memoryShare);
  if (grown.fit === 0) return none('memory', grown.why);
  const more = step > ready ? fittingProcesses(host, bytes, step - ready, options.memoryShare) : { fit: 0, why: '' };
  if (ready + more.fit === 0) return none('memory', more.why);
  return { step: ready + more.fit, veto: undefined, idleCores };
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`;
