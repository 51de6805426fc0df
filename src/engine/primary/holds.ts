import type { Config } from '../../config.ts';
import type { Hold } from '../monitor-sample.ts';
import type { Held } from './controls.ts';

type Untimed = Omit<Hold, 'since'>;

/** What an operator holds that is other than the settings, in words, and what lets it go. `now`: epoch ms. */
export function holdsOf(
  { workers, dryRun, gateFactor, scaling, reloads, maintenance, off, blocked }: Held,
  config: Pick<Config, 'workersMin' | 'workersMax' | 'dryRun'>,
  now: number,
): Untimed[] {
  const holds: Untimed[] = [];
  const add = (isHeld: boolean, what: string, back: Untimed['back'], until: number | null = null): void => {
    if (isHeld) holds.push({ what, until, back });
  };
  const { workersMin: min, workersMax: max } = config;
  add(maintenance, 'Every visitor gets the maintenance page', { do: 'maintenance', on: false });
  if (workers !== undefined)
    add(
      workers.min !== min || workers.max !== max,
      `Workers from ${workers.min} to ${workers.max}, until the next reload (settings: ${min} to ${max})`,
      { do: 'workers', min, max },
    );
  if (dryRun !== undefined && dryRun !== config.dryRun)
    add(true, `Dry run ${dryRun ? 'on: the gate refuses nothing' : 'off'}, until the next reload`, {
      do: 'dry-run',
      on: config.dryRun,
    });
  add(gateFactor !== 1, `The gate's bounds are times ${gateFactor}, until the next reload`, { do: 'gate', factor: 1 });
  add(scaling, 'Scaling is held', { do: 'hold-scaling', on: false });
  add(reloads, 'Reloads are held', { do: 'hold-reloads', on: false });
  for (const path of off) add(true, `${path} is switched off`, { do: 'feature', path, on: true });
  for (const { network, untilMs } of blocked)
    add(untilMs > now, `${network} is blocked`, { do: 'block', network, minutes: 0 }, untilMs);
  return holds;
}

/** Remembers since when each is held. */
export class HoldTimes {
  private since = new Map<string, number>();

  /** Newest first. `now`: epoch ms. */
  note(holds: readonly Untimed[], now: number): Hold[] {
    const timed = holds.map((hold) => ({ ...hold, since: this.since.get(hold.what) ?? now }));
    this.since = new Map(timed.map(({ what, since }) => [what, since]));
    return timed.sort((a, b) => b.since - a.since);
  }
}
