import { createFeature, type EngineFeature, type FeatureOutcome } from './feature.ts';
import { createFragments } from './fragments.ts';
import { budgetOfProcess } from './retry-budget.ts';
import type { FeatureOptions, FeatureState, Fragment, SiteTools, UpstreamFetch } from './types.ts';
import { createUpstreamFetch, type UpstreamOutcome } from './upstream-fetch.ts';

/** Features of one site; their states travel in each beat. */
export const MAX_FEATURES = 48;

/** They and what the engine does with them. */
export interface SiteParts extends SiteTools {
  engineFeature: (name: string) => EngineFeature;
  health: () => Record<string, FeatureState>;
  purge: (tags: readonly string[], hard: boolean) => void;
  /** In a worker; elsewhere nothing is counted. */
  connect: (to: PartsConnection) => void;
}

export interface PartsConnection {
  asyncLimit: number;
  countFeature: (feature: string, outcome: FeatureOutcome) => void;
  countFetch: (outcome: UpstreamOutcome) => void;
}

/** `now`: a clock of the features, ms. */
export function createSiteParts(now: () => number = () => performance.now()): SiteParts {
  const features = new Map<string, EngineFeature>();
  let connection: PartsConnection | undefined;
  const engineFeature = (name: string, options: FeatureOptions = {}): EngineFeature => {
    let found = features.get(name);
    if (found === undefined) {
      if (features.size >= MAX_FEATURES)
        throw new RangeError(`a site may have ${MAX_FEATURES} features; "${name}" is one more`);
      found = createFeature(name, options, {
        now,
        asyncLimit: () => connection?.asyncLimit ?? Number.POSITIVE_INFINITY,
        count: (feature, outcome) => connection?.countFeature(feature, outcome),
      });
      features.set(name, found);
    }
    return found;
  };
  const { fragment, purge } = createFragments((name) => engineFeature(name));
  return {
    engineFeature,
    feature(name, options = {}) {
      if (typeof name !== 'string' || name === '' || name.length > 64)
        throw new TypeError(`the name of a feature must be 1 to 64 characters, not ${JSON.stringify(name)}`);
      const { share } = options;
      if (share !== undefined && !(share > 0 && share <= 1))
        throw new RangeError(`feature "${name}": share must be over 0 and at most 1, not ${share}`);
      const feature = engineFeature(name);
      // A route policy may have named it first.
      Object.assign(feature.options, options);
      return feature;
    },
    fragment,
    fetch: createUpstreamFetch({ budget: budgetOfProcess(), count: (outcome) => connection?.countFetch(outcome) }),
    health: () => Object.fromEntries([...features].map(([name, feature]) => [name, feature.state()])),
    purge,
    connect(to) {
      connection = to;
    },
  };
}

const HERE = Symbol.for('tahan.site-parts');

/** Those of this process, for the engine and for an app that imports them, from whichever copy of the package. */
export function partsOfProcess(): SiteParts {
  const holder = globalThis as { [HERE]?: SiteParts };
  holder[HERE] ??= createSiteParts();
  return holder[HERE];
}

/**
 * A part of the app that can fail without taking the rest with it; the same name is the same feature. Works without
 * Tahan, too.
 */
export const feature: SiteTools['feature'] = (name, options) => partsOfProcess().feature(name, options);
/** A part of a page with its own last good copy. */
export const fragment: Fragment = (name, options, render) => partsOfProcess().fragment(name, options, render);
/** fetch with the request's deadline, a breaker for each origin, and retries within a budget. */
export const upstream: UpstreamFetch = (url, options) => partsOfProcess().fetch(url, options);
