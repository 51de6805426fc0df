/** The package `tahan`: what a site of Tahan's own kind, and a `tahan.config`, is written with. */
export { type AppConfig, defineConfig } from './app-config.ts';
export { PoolFullError, TaskDeadlineError, TaskError } from './pool/errors.ts';
export { ClientGoneError, DeadlineError } from './request-info.ts';
export type {
  CachePolicy,
  FeatureState,
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
