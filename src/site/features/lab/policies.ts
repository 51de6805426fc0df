import type { IncomingMessage } from 'node:http';
import type { Priority, RoutePolicy } from '../../../engine/site.ts';
import { workQuery } from './query.ts';

/** Priority that the query of `/lab/work` asks for; a wrong one counts as the default, and the route answers 400. */
function askedPriority(request: Pick<IncomingMessage, 'url'>): Priority {
  const asked = new URL(request.url ?? '/', 'http://lab').searchParams.get('priority') ?? undefined;
  const parsed = workQuery.shape.priority.safeParse(asked);
  return parsed.success ? parsed.data : 'normal';
}

const SECOND = 1_000;

/** What the engine must know of the lab routes. Faults must get through when the server is full: they are critical. */
export const labPolicies: readonly RoutePolicy[] = [
  { route: '/lab/work', priority: askedPriority },
  { route: '/lab/wait', priority: 'normal' },
  { route: '/lab/pool', priority: 'normal' },
  { route: '/lab/fetch', priority: 'normal' },
  { route: '/lab/stream', priority: 'normal', deadlineMs: 0 },
  {
    route: '/lab/page/:n',
    methods: ['GET', 'HEAD'],
    // `ttl` of the query is sent as max-age, which overrules ttlMs.
    cache: { ttlMs: 2 * SECOND, swrMs: 10 * SECOND, query: ['cost', 'ttl', 'size'], tags: ['lab'] },
  },
  { route: '/lab/block', priority: 'critical', deadlineMs: 0 },
  { route: '/lab/crash', priority: 'critical' },
  { route: '/lab/leak', priority: 'critical' },
  { route: '/lab/fault', priority: 'critical' },
];
