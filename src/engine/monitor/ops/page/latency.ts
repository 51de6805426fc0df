import type { RouteLatency } from '../../route-latency.ts';
import { byId, tableRow } from './dom.ts';
import { amount, duration } from './format.ts';

const MAX_ROWS = 20;

/** How long the requests of each route took, in the range that is shown. */
export function showLatency(routes: readonly RouteLatency[]): void {
  byId('latency-none').hidden = routes.length > 0;
  byId('latency').hidden = routes.length === 0;
  byId('latency-rows').replaceChildren(
    ...routes
      .slice(0, MAX_ROWS)
      .map(({ route, requests, p50, p95, p99 }) =>
        tableRow(route, [amount(requests), duration(p50), duration(p95), duration(p99)]),
      ),
  );
}
