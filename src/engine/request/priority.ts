import type { IncomingMessage } from 'node:http';
import { isbot } from 'isbot';
import type { Route } from '../routes.ts';
import type { Priority } from '../site.ts';

/** What of a request decides its priority. */
export type Asking = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** What a policy says, or by kind: writes of people, members, declared bots, the rest. */
export function priorityOf(request: Asking, route: Route, member: boolean): Priority {
  const own = route.policy.priority;
  if (typeof own === 'string') return own;
  if (own !== undefined) return own(request);
  if (request.method !== 'GET' && request.method !== 'HEAD') return 'critical';
  if (member) return 'normal';
  return declaresBot(request.headers['user-agent'] ?? '') ? 'background' : 'low';
}

const MAX_KNOWN_AGENTS = 1_000;
const knownAgents = new Map<string, boolean>();

/** Whether the user agent says that it is a bot; remembered, as the pattern is long. */
function declaresBot(userAgent: string): boolean {
  const known = knownAgents.get(userAgent);
  if (known !== undefined) return known;
  const bot = isbot(userAgent);
  if (knownAgents.size >= MAX_KNOWN_AGENTS) knownAgents.delete(knownAgents.keys().next().value!);
  knownAgents.set(userAgent, bot);
  return bot;
}
