import type { Mode } from '../beats.ts';
import type { FeatureState } from '../features/types.ts';

export interface HealthInput {
  mode: Mode;
  live: number;
  spare: number;
  min: number;
  max: number;
  lifeboat: boolean;
  /** What each serving worker says of the site's features. */
  features: Iterable<Record<string, FeatureState>>;
  /** An operator has closed the site. */
  maintenance: boolean;
  /** Since when the status is this, epoch ms. */
  sinceOf: (status: Status) => number;
  uptimeSeconds: number;
  version: string;
}

export type Status = 'ok' | 'saturated' | 'degraded' | 'down';

/** Remembers since when the status is what it is. */
export class StatusTimes {
  private last: Status | undefined;
  private since = 0;

  /** `now`: epoch ms. */
  sinceOf(status: Status, now: number): number {
    if (status !== this.last) this.since = now;
    this.last = status;
    return this.since;
  }
}

export interface Health {
  status: 200 | 503;
  body: string;
}

const WORSE: Record<FeatureState, number> = { ok: 0, degraded: 1, down: 2 };

/** Merges what workers say of a feature: it is down when it is down everywhere, degraded when it is not well somewhere. */
export function mergeFeatures(all: Iterable<Record<string, FeatureState>>): Record<string, FeatureState> {
  const merged: Record<string, FeatureState> = {};
  for (const features of all) {
    for (const [name, state] of Object.entries(features)) {
      const before = merged[name];
      if (before === undefined || before === state) merged[name] = state;
      else merged[name] = 'degraded';
    }
  }
  return merged;
}

/** The answer of `/health`: 503 only when nobody serves. */
export function healthOf(input: HealthInput): Health {
  const features = mergeFeatures(input.features);
  const ill = Object.values(features).some((state) => WORSE[state] > 0);
  const status: Status =
    input.mode === 'down'
      ? 'down'
      : input.mode === 'saturated'
        ? 'saturated'
        : ill || input.live < input.min || input.lifeboat
          ? 'degraded'
          : 'ok';
  return {
    status: status === 'down' ? 503 : 200,
    body: `${JSON.stringify({
      status,
      since: new Date(input.sinceOf(status)).toISOString(),
      mode: input.mode,
      maintenance: input.maintenance,
      workers: { live: input.live, spare: input.spare, min: input.min, max: input.max },
      lifeboat: { active: input.lifeboat },
      features,
      uptimeSeconds: Math.round(input.uptimeSeconds * 10) / 10,
      version: input.version,
    })}\n`,
  };
}
