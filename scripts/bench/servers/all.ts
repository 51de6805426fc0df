import { nginx, varnish } from './caches.ts';
import type { ServerKind } from './kinds.ts';
import { koa, koaCluster, nodeCluster, plain, pm2, toobusy, underPressure, watt } from './peers.ts';
import { tahan } from './tahan.ts';

/** Every server the bench knows, in the order of the tables. */
export const SERVERS: readonly ServerKind[] = [
  tahan,
  plain,
  nodeCluster,
  koa,
  koaCluster,
  pm2,
  toobusy,
  underPressure,
  watt,
  nginx,
  varnish,
];
