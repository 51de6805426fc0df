import type { Middleware } from 'koa';
import type { Fault, Feature, FeatureState, SiteTools } from '../../engine/features/types.ts';

/** Time left for the error page before the request's own deadline, ms. */
const RESERVE_MS = 150;

/** A feature of the engine, as the site's routes use it. */
export interface SiteFeaturePart extends Feature {
  /** Middleware for routes that are this feature alone. */
  guard: Middleware;
}

export interface Features {
  /** The feature of this name; made when first asked for, so that the names are those of the code. */
  feature: (name: string) => SiteFeaturePart;
  /** Makes a feature of this worker fail for a while; a name that no feature has does nothing. */
  injectFault: (fault: Fault & { feature: string }) => void;
  health: () => Record<string, FeatureState>;
}

export function createFeatures(tools: Pick<SiteTools, 'feature'>): Features {
  const features = new Map<string, SiteFeaturePart>();
  return {
    feature(name) {
      let found = features.get(name);
      if (found === undefined) {
        const feature = tools.feature(name);
        found = {
          ...feature,
          guard: (ctx, next) => feature.run(() => next(), Math.max(1, ctx.state.visit.remainingMs() - RESERVE_MS)),
        };
        features.set(name, found);
      }
      return found;
    },
    injectFault: ({ feature, ...fault }) => features.get(feature)?.injectFault(fault),
    health: () => Object.fromEntries([...features].map(([name, feature]) => [name, feature.state()])),
  };
}
