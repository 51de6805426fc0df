import type { Config } from '../../config.ts';
import type { Controls } from '../beats.ts';
import type { OperatorAction } from '../operator-action.ts';

/** What an operator has changed beside the settings. */
export interface Held {
  /** Over the settings' own, until the next reload. */
  workers: { min: number; max: number } | undefined;
  dryRun: boolean | undefined;
  gateFactor: number;
  scaling: boolean;
  reloads: boolean;
  maintenance: boolean;
  off: readonly string[];
  blocked: Controls['blocked'];
}

export const NOTHING_HELD: Held = {
  workers: undefined,
  dryRun: undefined,
  gateFactor: 1,
  scaling: false,
  reloads: false,
  maintenance: false,
  off: [],
  blocked: [],
};

/** Bounds of what travels to every worker. */
export const MAX_OFF = 32;
export const MAX_BLOCKED = 256;

/**
 * What is held after an action, and the sentence that tells it; a text alone: it cannot be. `now`: epoch ms. Actions that
 * hold nothing are none of its business: undefined.
 */
export function held(
  before: Held,
  action: OperatorAction,
  cores: number,
  now: number,
): { held: Held; text: string } | string | undefined {
  switch (action.do) {
    case 'workers': {
      const { min, max } = action;
      const tooMany = max > cores ? ` There are ${cores} usable cores: more workers will not help.` : '';
      return {
        held: { ...before, workers: { min, max } },
        text: `Workers from ${min} to ${max} until the next reload.${tooMany}`,
      };
    }
    case 'dry-run':
      return {
        held: { ...before, dryRun: action.on },
        text: action.on
          ? 'The gate counts, and refuses nothing, until the next reload.'
          : 'The gate refuses what it must.',
      };
    case 'gate':
      return {
        held: { ...before, gateFactor: action.factor },
        text:
          action.factor === 1
            ? 'The gate is as the settings say.'
            : `The gate's bounds are times ${action.factor} until the next reload.`,
      };
    case 'hold-scaling':
      return {
        held: { ...before, scaling: action.on },
        text: action.on ? 'The number of workers stays as it is.' : 'The fleet scales itself again.',
      };
    case 'hold-reloads':
      return {
        held: { ...before, reloads: action.on },
        text: action.on ? 'Reloads are refused until they are let go.' : 'Reloads may be done again.',
      };
    case 'maintenance':
      return {
        held: { ...before, maintenance: action.on },
        text: action.on ? 'Every visitor gets the maintenance page.' : 'The site is open.',
      };
    case 'feature':
      return switched(before, action.path, action.on);
    case 'block':
      return blocked(before, action.network, action.minutes, now);
    default:
      return undefined;
  }
}

function switched(before: Held, path: string, on: boolean): { held: Held; text: string } | string {
  const others = before.off.filter((one) => one !== path);
  if (on) return { held: { ...before, off: others }, text: `${path} is on.` };
  if (others.length >= MAX_OFF) return `At most ${MAX_OFF} paths can be off at once.`;
  return { held: { ...before, off: [...others, path] }, text: `${path} and what is below it is off.` };
}

function blocked(before: Held, network: string, minutes: number, now: number): { held: Held; text: string } | string {
  const others = before.blocked.filter((one) => one.network !== network && one.untilMs > now);
  if (minutes === 0) return { held: { ...before, blocked: others }, text: `${network} is not blocked.` };
  if (others.length >= MAX_BLOCKED) return `At most ${MAX_BLOCKED} networks can be blocked at once.`;
  return {
    held: { ...before, blocked: [...others, { network, untilMs: now + minutes * 60_000 }] },
    text: `${network} gets a 403 for ${minutes} min.`,
  };
}

/** After a reload the settings hold again; what closes something stays, as a reload is no reason to open it. */
export const afterReload = (before: Held): Held => ({
  ...before,
  workers: undefined,
  dryRun: undefined,
  gateFactor: 1,
});

/** The settings with what an operator changed. */
export const withHeld = (config: Config, { workers }: Held): Config =>
  workers === undefined ? config : { ...config, workersMin: workers.min, workersMax: workers.max };

/** What the workers are to know. `now`: epoch ms. */
export const controlsOf = (
  { dryRun: own }: Config,
  { dryRun = own, gateFactor, maintenance, off, blocked: all }: Held,
  now: number,
): Controls => ({
  dryRun,
  gateFactor,
  maintenance,
  off: [...off],
  blocked: all.filter(({ untilMs }) => untilMs > now),
});
