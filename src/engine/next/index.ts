import { fileURLToPath } from 'node:url';
import { moduleNear } from '../module-near.ts';

/** The package's `tahan/next`: both caches of Next.js 16 on the page store. */

interface CacheSettings {
  cacheHandler?: string | undefined;
  cacheHandlers?: Record<string, string | undefined> | undefined;
}

type Made<Config> = Config extends (...args: infer Args) => infer Result
  ? (...args: Args) => Promise<Awaited<Result> & CacheSettings>
  : Config & CacheSettings;

const path = (name: string): string => fileURLToPath(moduleNear(name, import.meta.url));

/**
 * The settings of `next.config` (or the function that gives them) with Tahan's cache handlers: pages (ISR), data that was fetched and
 * `use cache` are shared by the workers and survive restarts. Handlers that the settings name stay. Without Tahan, in a build and
 * in `next dev`, each process has a cache of its own.
 */
export function withTahan<Config extends object>(config: Config): Made<Config> {
  if (typeof config === 'function') {
    const make = config as (...args: unknown[]) => CacheSettings | Promise<CacheSettings>;
    return (async (...args: unknown[]) => withHandlers(await make(...args))) as Made<Config>;
  }
  return withHandlers(config) as Made<Config>;
}

function withHandlers<Config extends CacheSettings>(config: Config): Config & CacheSettings {
  const useCache = path('./use-cache-handler');
  return {
    cacheHandler: path('./isr-handler'),
    ...config,
    cacheHandlers: { default: useCache, remote: useCache, ...config.cacheHandlers },
  };
}
