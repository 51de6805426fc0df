import type { IncomingMessage } from 'node:http';
import { isbot } from 'isbot';
import type { Route } from '../routes.ts';
import { PRIORITIES, type Priority } from '../site.ts';

/** What of a request decides its priority. */
export type Asking = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** What a policy says, or by kind: writes of people, members, declared crawlers, the rest. */
export function priorityOf(request: Asking, route: Route, member: boolean): Priority {
  const own = route.policy.priority;
  if (typeof own === 'string') return own;
  if (own !== undefined) {
    const answer: unknown = own(request);
    return PRIORITIES.includes(answer as Priority) ? (answer as Priority) : 'low';
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return 'critical';
  if (member) return 'normal';
  return isCrawler(request.headers['user-agent'] ?? '') ? 'background' : 'low';
}

/**
 * The words by which crawlers call themselves, and the names of those that use none of these words. What `isbot` counts
 * besides are programs (curl, okhttp, node, python-requests): a person or a service of the site may be behind them.
 */
const CRAWLER =
  /bot\b|bot[-_/]|crawl|spider|slurp|archiver|scrapy|nutch|heritrix|httrack|mediapartners-google|googleother|google-inspectiontool|meta-externalagent|anthropic-ai|claude-web|cohere-ai|\byeti\//i;

/**
 * Those that come because a person waits for them, although they call themselves a bot: previews of a link that
 * somebody shares, what somebody asks an assistant, and monitors, which would report the site as down.
 */
const FOR_A_PERSON = /slackbot|twitterbot|discordbot|telegrambot|linkedinbot|-user\/|uptime/i;

const MAX_KNOWN_AGENTS = 1_000;
/** A crawler says its name before this character. */
const LOOKED_AT = 512;
const knownAgents = new Map<string, boolean>();

/** Whether a user agent declares a crawler (a search engine, an archive, an AI); remembered, as `isbot` takes long. */
export function isCrawler(userAgent: string): boolean {
  const known = knownAgents.get(userAgent);
  if (known !== undefined) return known;
  const start = userAgent.slice(0, LOOKED_AT);
  const crawler = CRAWLER.test(start) && !FOR_A_PERSON.test(start) && isbot(start);
  if (userAgent.length > LOOKED_AT) return crawler;
  if (knownAgents.size >= MAX_KNOWN_AGENTS) knownAgents.clear();
  knownAgents.set(userAgent, crawler);
  return crawler;
}
