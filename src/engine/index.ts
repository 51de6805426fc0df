/** The package `tahan`: what a site of Tahan's own kind, and a `tahan.config`, is written with. */
export { type AppConfig, defineConfig } from './app-config.ts';
export { FeatureDownError, FeatureFullError, FeatureTimeoutError } from './features/errors.ts';
export { feature, fragment, upstream } from './features/site-parts.ts';
export type {
  Feature,
  FeatureOptions,
  FeatureState,
  Fragment,
  FragmentOptions,
  FragmentResult,
  UpstreamFetch,
  UpstreamOptions,
} from './features/types.ts';
export { UpstreamUnavailableError } from './features/upstream-fetch.ts';
export { PoolFullError, TaskDeadlineError, TaskError } from './pool/errors.ts';
export { ClientGoneError, DeadlineError } from './request-info.ts';
export type {
  CachePolicy,
  Limiter,
  PrepareContext,
  Priority,
  RequestInfo,
  RoutePolicy,
  Site,
  SiteContext,
  SiteModule,
  SiteSettings,
  Task,
  TaskPool,
} from './site.ts';
