import type { BlockList } from 'node:net';
import { forwardedAddress, isNamed, plain } from '../client.ts';
import type { Route } from '../routes.ts';
import { type Agent, Agents } from './agent.ts';
import { answerKind } from './answer-kind.ts';
import type { Answered, Traffic } from './answered.ts';
import { dayOf } from './daily-salt.ts';
import { type Hash64, hashOf, visitorHash } from './hash.ts';
import { firstLanguage } from './language.ts';
import { BoundedMemo } from './memo.ts';
import { networkOf } from './network.ts';
import { Allowance, NEW_PER_SECOND, Sampler } from './sampler.ts';
import { Sources } from './source.ts';
import { Tally } from './tally.ts';
import { tidyPath } from './tidy-path.ts';
import { type Seen, Visits } from './visits.ts';

/** Entries of each memo table. */
const MAX_KNOWN = 2_000;
/** User agents that are read in one batch: some 20 ms of work. */
const MAX_AGENT_READS = 1_000;
/** Longest search that is kept, characters. */
const MAX_SEARCH = 60;

export interface TrafficCounterOptions {
  /** Other names of this site. */
  ownHosts?: readonly string[];
  /** Proxies that are believed. */
  trusted: BlockList;
  /** Salt of the day (daily-salt.ts). */
  saltOf: (now: number) => string;
  /** Epoch ms. */
  clock?: () => number;
  random?: () => number;
  /** Something was counted after a pause: there will be something to send. */
  onFirst?: () => void;
}

/**
 * A mark on the connection itself, as a set of them costs ten times as much to ask: the batch in which its visitor is counted,
 * or, negative, the batch in which he is noted as not looked at.
 */
const COUNTED = Symbol('tahan.visitor-counted');
interface Marked {
  [COUNTED]?: number;
}

/** Joins two pages that were read one after the other; no path has it. */
export const THEN = '\n';

/**
 * Counts what a worker answers. Most requests of a busy worker cost it a number and a comparison: only some are looked at, and
 * each of those stands for several (sampler.ts). New connections are looked at besides, as each may be another visitor: so
 * many in a second, and of those beyond it is told how many there were.
 */
export class TrafficCounter implements Traffic {
  private readonly options: TrafficCounterOptions;
  private readonly clock: () => number;
  private readonly sampler: Sampler;
  private readonly newcomers = new Allowance(NEW_PER_SECOND);
  private readonly sources: Sources;
  private readonly agents = new Agents(MAX_KNOWN, MAX_AGENT_READS);
  private readonly languages = new BoundedMemo(MAX_KNOWN, firstLanguage);
  private readonly networks = new BoundedMemo(MAX_KNOWN, networkOf);
  private readonly paths = new BoundedMemo(MAX_KNOWN, tidyPath);
  private readonly hashes = new BoundedMemo<Hash64>(MAX_KNOWN, hashOf);
  private visitors = new BoundedMemo<Hash64>(MAX_KNOWN, () => ({ high: 0, low: 0 }));
  private readonly proxies: BoundedMemo<boolean>;
  private readonly visits = new Visits();
  private tally = new Tally();
  private isEmpty = true;
  private day = Number.NaN;
  /** The number of the batch: what a connection bears whose visitor is counted in it. */
  private batch = 1;
  private weight = 0;

  constructor(options: TrafficCounterOptions) {
    this.options = options;
    this.clock = options.clock ?? Date.now;
    this.sampler = new Sampler(options.random);
    this.sources = new Sources(options.ownHosts);
    this.proxies = new BoundedMemo(MAX_KNOWN, (peer) => isNamed(options.trusted, peer));
  }

  looks(connection: Marked, now: number): boolean {
    this.weight = this.sampler.next(now);
    if (this.weight > 0) return true;
    const mark = connection[COUNTED];
    if (mark === this.batch || mark === -this.batch) return false;
    if (this.newcomers.take(now)) return true;
    if (mark === undefined) this.tally.unseen += 1;
    connection[COUNTED] = -this.batch;
    return false;
  }

  answered(answer: Answered): void {
    if (answer.use === 'engine') return;
    this.begin();
    const { weight } = this;
    const now = this.clock();
    this.keepDay(now);
    const userAgent = answer.header('user-agent') ?? '';
    const agent = this.agents.of(userAgent);
    const peer = plain(answer.peer);
    const byProxy = this.proxies.of(peer);
    const forwarded = byProxy ? answer.header('x-forwarded-for') : undefined;
    const address = forwarded === undefined ? peer : forwardedAddress(peer, forwarded, this.options.trusted);
    const visitor = this.visitors.of(`${address}\n${userAgent}`);
    if (!agent.declaredBot) this.tally.visitors.add(visitor.high, visitor.low);
    // Behind a proxy each request of a connection may be another visitor's.
    if (!byProxy) (answer.connection as Marked)[COUNTED] = this.batch;
    if (weight > 0) this.count(answer, weight, agent, visitor, address, now);
  }

  rendered(route: Route, unchanged: boolean): void {
    this.begin();
    const tally = this.tally.route(route.policy.route);
    tally.renders += 1;
    if (unchanged) tally.unchanged += 1;
  }

  searchedInVain(words: string): void {
    const text = words.toLowerCase().replace(/\s+/g, ' ').trim().slice(0, MAX_SEARCH);
    if (text === '') return;
    this.begin();
    this.tally.frequent.emptySearches.add(text);
  }

  /** What was counted since the last call, as text (tally.ts); undefined: nothing. */
  take(): string | undefined {
    if (this.isEmpty) return undefined;
    const text = this.tally.toText();
    this.tally = new Tally();
    this.isEmpty = true;
    this.batch += 1;
    this.agents.rest();
    return text;
  }

  private begin(): void {
    if (!this.isEmpty) return;
    this.isEmpty = false;
    this.options.onFirst?.();
  }

  private count(answer: Answered, weight: number, agent: Agent, visitor: Hash64, address: string, now: number): void {
    const { tally } = this;
    const { method, path, status } = answer;
    const kind = answerKind(answer.type, path);
    const isView = kind === 'page' && method === 'GET';
    const shown = this.paths.of(path);
    tally.requests += weight;
    tally.looked += 1;
    tally.squares += weight * weight;
    tally.counts.kinds.add(kind, weight);
    tally.counts.statuses.add(String(status), weight);
    tally.frequent[kind].add(shown, weight);
    tally.frequent.networks.add(this.networks.of(address), weight);
    const seen = agent.declaredBot
      ? undefined
      : this.visits.step(
          {
            // 53 bits of the 64: a number of JavaScript holds no more.
            visitor: visitor.high * 0x20_0000 + (visitor.low >>> 11),
            isView,
            isAsset: kind === 'asset',
            hasCookie: answer.header('cookie') !== undefined,
            path: isView && status < 400 ? shown : undefined,
            weight,
          },
          now,
        );
    this.countAgent(agent, seen, weight);
    if (isView) this.countView(answer, shown, seen, weight);
    this.countRoute(answer, weight);
  }

  private countAgent(agent: Agent, seen: Seen | undefined, weight: number): void {
    const { counts } = this.tally;
    if (seen === undefined) {
      counts.agents.add('bot', weight);
      counts.bots.add(agent.family, weight);
      return;
    }
    counts.agents.add(seen.suspected ? 'suspected' : 'person', weight);
    counts.browsers.add(agent.family, weight);
    counts.devices.add(agent.device, weight);
  }

  private countView(answer: Answered, shown: string, seen: Seen | undefined, weight: number): void {
    const { tally } = this;
    const source = this.sources.of({
      referrer: answer.header('referer'),
      query: answer.query,
      host: answer.header('host'),
      fetchSite: answer.header('sec-fetch-site'),
    });
    tally.views += weight;
    tally.counts.sourceKinds.add(source.kind, weight);
    if (source.name !== '') {
      tally.frequent.sources.add(source.name, weight);
      if (source.kind === 'campaign') tally.frequent.campaigns.add(source.name, weight);
    }
    tally.counts.languages.add(this.languages.of(answer.header('accept-language') ?? ''), weight);
    if (seen === undefined || answer.status >= 400) return;
    if (seen.before === undefined) {
      if (source.kind !== 'internal') tally.frequent.entryPages.add(shown, weight);
    } else if (seen.before !== shown) tally.frequent.next.add(`${seen.before}${THEN}${shown}`, weight);
  }

  private countRoute({ route, ...answer }: Answered, weight: number): void {
    const { tally } = this;
    const counted = tally.route(route.policy.route);
    const { use } = answer;
    if (use === 'engine') return;
    counted.requests += weight;
    counted.looked += 1;
    counted.use(use, weight);
    if (answer.status >= 500 && use !== 'refused') counted.failed += weight;
    const costMs = answer.cpuMs;
    if (costMs !== undefined) counted.costMs = costMs;
    counted.ttlMs = route.policy.cache?.ttlMs ?? 0;
    if (!answer.member) counted.anonymous += weight;
    if (!answer.member && (answer.method === 'GET' || answer.method === 'HEAD')) {
      counted.anonymousReads += weight;
      const page = this.hashes.of(`${answer.path}?${answer.query}`);
      counted.pages.add(page.high, page.low);
      if (answer.key !== undefined) {
        const key = this.hashes.of(answer.key);
        counted.keys.add(key.high, key.low);
      }
    }
    if (answer.ageMs === undefined || use === 'miss') return;
    counted.cachedBytes += answer.bytes * weight;
    counted.savedMs += (costMs ?? 0) * weight;
    counted.ageMs += answer.ageMs * weight;
    tally.age(answer.ageMs, weight);
  }

  /** With the day the salt changes: what was remembered of visitors is forgotten. */
  private keepDay(now: number): void {
    const day = dayOf(now);
    if (day === this.day) return;
    this.day = day;
    const salt = this.options.saltOf(now);
    this.visits.clear();
    this.visitors = new BoundedMemo(MAX_KNOWN, (visitor) => {
      const end = visitor.indexOf('\n');
      return visitorHash(salt, visitor.slice(0, end), visitor.slice(end + 1));
    });
  }
}
