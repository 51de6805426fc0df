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
  uptimeSeconds: number;
  version: string;
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
  const status =
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
      mode: input.mode,
      workers: { live: input.live, spare: input.spare, min: input.min, max: input.max },
      lifeboat: { active: input.lifeboat },
      features,
      uptimeSeconds: Math.round(input.uptimeSeconds * 10) / 10,
      version: input.version,
    })}\n`,
  };
}
