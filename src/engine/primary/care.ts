import type { Config } from '../../config.ts';
import type { Fleet, Member } from './fleet.ts';
import { type HostMemory, MEMORY_DEFAULTS, memoryGuard, NO_RECYCLES, rssLimits } from './memory-guard.ts';
import { type Silence, silentMs } from './silence.ts';

const MIB = 1_048_576;
/** Memory of a worker is told once a second: there is no use in looking more often, ms. */
const MEMORY_EVERY_MS = 1_000;

export interface CareParts {
  fleet: Fleet;
  /** A worker is ended or replaced for its own sake; `words` is the sentence for the log. */
  onRecycle: (member: Member, how: 'gentle' | 'now', words: string) => void;
}

/** Ends the workers that no longer can: without any sign of life, not ready in time, or too large. */
export function createCare({ fleet, onRecycle }: CareParts): {
  tick: (config: Config, host: HostMemory, silence: Silence, operation: boolean, now: number) => void;
} {
  let memory = NO_RECYCLES;
  let memoryAt = Number.NEGATIVE_INFINITY;

  const watchStart = (member: Member, { startMs }: Config, now: number): void => {
    if (member.state === 'starting' && now - member.startedAt >= startMs)
      fleet.end(member, 'start_timeout', `not ready within ${startMs} ms`);
    else if (member.state === 'promoting' && now - (member.promotedAt ?? now) >= startMs)
      fleet.end(member, 'start_timeout', `did not listen within ${startMs} ms`);
  };

  const watchProgress = (member: Member, { stuckMs }: Config, silence: Silence): void => {
    if (member.state === 'starting' || silentMs(silence, member.name) < stuckMs) return;
    fleet.end(member, 'no_progress', `no sign of life for ${stuckMs} ms`);
    onRecycle(member, 'now', `${member.name} gave no sign of life for ${stuckMs} ms: ended`);
  };

  const watchMemory = (config: Config, host: HostMemory, operation: boolean, now: number): void => {
    const members = [...fleet.members.values()].filter(
      ({ killedFor, condemned }) => killedFor === undefined && !condemned,
    );
    const busy = operation || members.some(({ state }) => state === 'promoting' || state === 'draining');
    const guarded = memoryGuard(members, busy, memory, now, { ...MEMORY_DEFAULTS, ...limits(config, host) });
    memory = guarded.state;
    const { recycle } = guarded;
    const member = members.find(({ name }) => name === recycle?.name);
    if (recycle === undefined || member === undefined) return;
    if (recycle.how === 'gentle') fleet.replace(member);
    else fleet.end(member, 'memory', recycle.reason);
    onRecycle(member, recycle.how, recycle.reason);
  };

  return {
    tick(config, host, silence, operation, now) {
      for (const member of fleet.members.values()) {
        if (member.killedFor !== undefined) continue;
        watchStart(member, config, now);
        watchProgress(member, config, silence);
      }
      if (now - memoryAt < MEMORY_EVERY_MS) return;
      memoryAt = now;
      watchMemory(config, host, operation, now);
    },
  };
}

const bytesOf = (mib: number | undefined): number | undefined => (mib === undefined ? undefined : mib * MIB);

/** The memory is shared by the workers, a spare, and one that is on its way out. */
const limits = (config: Config, { memoryLimitBytes }: HostMemory): { softBytes: number; hardBytes: number } =>
  rssLimits(
    { softBytes: bytesOf(config.rssSoftMb), hardBytes: bytesOf(config.rssHardMb) },
    memoryLimitBytes,
    config.workersMax + config.spare + 1,
    MEMORY_DEFAULTS.maxShare,
  );
