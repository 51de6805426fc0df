import type Router from '@koa/router';
import type { RoutePolicy, SiteContext } from '../engine/site.ts';
import type { Db } from './data/open.ts';
import type { Recorder } from './features/dashboard/recorder.ts';
import type { Features } from './http/feature.ts';
import type { Views } from './http/views.ts';
import type { CallTask } from './tasks/call.ts';

/** What every feature of the site is built from. */
export interface SiteParts {
  context: SiteContext;
  /** Reads by index only: it runs on the event loop. */
  db: Db;
  /** Writes and long reads, in the thread pool. */
  call: CallTask;
  views: Views;
  features: Features;
  recorder: Recorder;
}

/** What a feature adds to the site. */
export interface SiteFeature {
  router: Router;
  policies: readonly RoutePolicy[];
}
