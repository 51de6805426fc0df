import { z } from 'zod';
import { Counts, OTHER } from './counts.ts';
import { HyperLogLog } from './hyperloglog.ts';
import { MAX_TALLY_TEXT } from './limits.ts';
import { RouteTally, routeTallySchema } from './route-tally.ts';
import { MAX_KEY, SpaceSaving } from './space-saving.ts';

/** Labels of each list, `other` included. */
const LABELS = {
  sourceKinds: 10,
  agents: 4,
  bots: 40,
  browsers: 16,
  devices: 5,
  kinds: 4,
  languages: 40,
  statuses: 40,
} as const;
export type CountName = keyof typeof LABELS;
const COUNT_NAMES = Object.keys(LABELS) as CountName[];

/** Keys of each list of the most frequent that travel and are kept: the stated error is the total by this number. */
const FREQUENT = {
  sources: 128,
  campaigns: 64,
  networks: 128,
  page: 128,
  asset: 64,
  api: 64,
  entryPages: 64,
  next: 128,
  emptySearches: 32,
} as const;
export type FrequentName = keyof typeof FREQUENT;
const FREQUENT_NAMES = Object.keys(FREQUENT) as FrequentName[];
/** While it counts, a list has so many times as many keys: what is cut at the end is then the tail. */
const ROOM = 2;

const MAX_ROUTES = 64;
const MAX_ROUTE = 200;
/** 4,096 registers: a standard error of 1.6 %. */
export const VISITOR_PRECISION = 12;

/** Upper bounds of the age of what the cache served, seconds; one more is for all that is older. */
export const AGE_BOUNDS = [1, 10, 60, 300, 3_600, 86_400] as const;

const amount = z.number().nonnegative().finite();
const counts = (max: number) =>
  z.record(z.string().max(MAX_KEY), amount).refine((table) => Object.keys(table).length <= max + 1);
const frequent = (max: number) =>
  z.strictObject({
    floor: amount,
    total: amount,
    hitters: z.array(z.tuple([z.string().max(MAX_KEY), amount, amount])).max(max),
  });
const shapeOf = <Name extends string, Schema>(sizes: Record<Name, number>, make: (max: number) => Schema) =>
  Object.fromEntries(Object.entries<number>(sizes).map(([name, max]) => [name, make(max)])) as Record<Name, Schema>;

const tallySchema = z.strictObject({
  requests: amount,
  looked: amount,
  squares: amount,
  views: amount,
  ages: z.array(amount).length(AGE_BOUNDS.length + 1),
  counts: z.strictObject(shapeOf(LABELS, counts)),
  frequent: z.strictObject(shapeOf(FREQUENT, frequent)),
  routes: z
    .record(z.string().max(MAX_ROUTE), routeTallySchema)
    .refine((routes) => Object.keys(routes).length <= MAX_ROUTES + 1),
  visitors: z.string().max(6_000),
  // Tallies of before it was counted have none.
  unseen: amount.default(0),
});
export type TallyJson = z.infer<typeof tallySchema>;

/** A text that is no tally. */
export class TallyError extends Error {
  readonly code = 'BAD_TALLY';
  override readonly name = 'TallyError';
}

/**
 * What is added up of the requests of some time: five seconds of a worker, a minute, an hour or a day of the server. Two of
 * them can be put together. Holds no address and no person; its size is bounded, whatever comes.
 */
export class Tally {
  /** Requests, weighted by what each stands for. */
  requests = 0;
  /** Requests that were looked at. */
  looked = 0;
  /** Sum of the squares of the weights: how far sampling may be off. */
  squares = 0;
  /** Page views: GETs of pages. */
  views = 0;
  readonly ages = new Array<number>(AGE_BOUNDS.length + 1).fill(0);
  readonly counts: Record<CountName, Counts>;
  readonly frequent: Record<FrequentName, SpaceSaving>;
  readonly routes = new Map<string, RouteTally>();
  /** Visitors that do not say that they are bots, by hashes with the salt of the day. */
  visitors = new HyperLogLog(VISITOR_PRECISION);
  /** Connections whose visitors were not looked at when they came: there were too many new ones in that second. */
  unseen = 0;

  constructor() {
    this.counts = shapeOf(LABELS, (max) => new Counts(max));
    this.frequent = shapeOf(FREQUENT, (max) => new SpaceSaving(max * ROOM));
  }

  /** The route's own tally, or the one of `other` where there are too many routes. */
  route(name: string): RouteTally {
    const known = this.routes.get(name);
    if (known !== undefined) return known;
    const label = this.routes.size < MAX_ROUTES && name.length <= MAX_ROUTE ? name : OTHER;
    const made = this.routes.get(label) ?? new RouteTally();
    this.routes.set(label, made);
    return made;
  }

  age(ms: number, weight: number): void {
    const seconds = ms / 1_000;
    let at = 0;
    while (at < AGE_BOUNDS.length && seconds > AGE_BOUNDS[at]!) at += 1;
    this.ages[at]! += weight;
  }

  /** `sameDay: false`: the visitors of the other are left out, as hashes of two days cannot be compared. */
  merge(other: Tally, sameDay = true): void {
    this.requests += other.requests;
    this.looked += other.looked;
    this.squares += other.squares;
    this.views += other.views;
    this.unseen += other.unseen;
    other.ages.forEach((count, index) => {
      this.ages[index]! += count;
    });
    for (const name of COUNT_NAMES) this.counts[name].merge(other.counts[name]);
    for (const name of FREQUENT_NAMES) this.frequent[name].merge(other.frequent[name]);
    for (const [name, route] of other.routes) this.route(name).merge(route);
    if (sameDay) this.visitors.merge(other.visitors);
  }

  /** Forgets the networks: they are kept for a shorter time than the rest. */
  withoutNetworks(): this {
    this.frequent.networks = new SpaceSaving(FREQUENT.networks * ROOM);
    return this;
  }

  toText(): string {
    const { requests, looked, squares, views, ages, unseen } = this;
    const json: TallyJson = {
      requests,
      looked,
      squares,
      views,
      ages: [...ages],
      counts: mapOf(COUNT_NAMES, (name) => this.counts[name].toJson()),
      frequent: mapOf(FREQUENT_NAMES, (name) => this.frequent[name].toJson(FREQUENT[name])),
      routes: Object.fromEntries([...this.routes].map(([name, route]) => [name, route.toJson()])),
      visitors: this.visitors.toText(),
      unseen,
    };
    return JSON.stringify(json);
  }

  /** @throws {TallyError} the text is not what `toText` gave */
  static fromText(text: string): Tally {
    if (text.length > MAX_TALLY_TEXT) throw new TallyError(`a tally of ${text.length} characters is too long`);
    try {
      return Tally.fromJson(tallySchema.parse(JSON.parse(text)));
    } catch (error) {
      throw new TallyError('a tally cannot be read', { cause: error });
    }
  }

  private static fromJson(json: TallyJson): Tally {
    const made = new Tally();
    const { requests, looked, squares, views, unseen } = json;
    Object.assign(made, { requests, looked, squares, views, unseen });
    json.ages.forEach((count, index) => {
      made.ages[index] = count;
    });
    for (const name of COUNT_NAMES) made.counts[name] = Counts.fromJson(LABELS[name], json.counts[name]);
    for (const name of FREQUENT_NAMES)
      made.frequent[name] = SpaceSaving.fromJson(FREQUENT[name] * ROOM, json.frequent[name]);
    for (const [name, route] of Object.entries(json.routes)) made.routes.set(name, RouteTally.fromJson(route));
    made.visitors = HyperLogLog.fromText(VISITOR_PRECISION, json.visitors);
    return made;
  }
}

const mapOf = <Name extends string, V>(names: readonly Name[], make: (name: Name) => V): Record<Name, V> =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, V>;
