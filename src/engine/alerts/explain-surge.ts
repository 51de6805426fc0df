/** How many requests came from each name of a kind, most first; the rest may be left out. */
export type Shares = readonly { name: string; count: number }[];

/** What came in a time, by where from and where to. */
export interface SurgeReport {
  seconds: number;
  requests: number;
  sources: Shares;
  paths: Shares;
  /** Client networks, /24 and /48. */
  networks: Shares;
  /** Requests of bots, declared and suspected. */
  bots: number;
}

/** What the server did with it. Shares 0 to 1. */
export interface SurgeAnswers {
  /** Growth over the time before, percent. */
  growth: number;
  cachedShare: number;
  refusedShare: number;
  workers: number;
  maxWorkers: number;
  /** What limits the server, in a word; null: nothing does. */
  limit: string | null;
}

/** A name explains a surge when it brought so much of the growth, and so many times its part of before. */
const CAUSE_SHARE = 0.3;
const CAUSE_FACTOR = 1.5;
/** Visitors who come by themselves are no cause. */
const NO_CAUSE = new Set(['direct', 'other', 'none', '(other)', '']);

export interface Cause {
  name: string;
  /** Of the growth, 0 to 1. */
  share: number;
}

/** The name that brought most of the growth; undefined: none stands out. Pure. */
export function causeOf(
  now: Shares,
  before: Shares,
  totals: { now: number; before: number; nowSeconds: number; beforeSeconds: number },
): Cause | undefined {
  const beforeRate = totals.before / Math.max(1, totals.beforeSeconds);
  const growth = totals.now / Math.max(1, totals.nowSeconds) - beforeRate;
  if (growth <= 0) return undefined;
  const known = new Map(before.map(({ name, count }) => [name, count / Math.max(1, totals.beforeSeconds)]));
  let best: Cause | undefined;
  for (const { name, count } of now) {
    if (NO_CAUSE.has(name)) continue;
    const was = known.get(name) ?? 0;
    const share = Math.min(1, (count / Math.max(1, totals.nowSeconds) - was) / growth);
    const partBefore = beforeRate === 0 ? 0 : was / beforeRate;
    if (share < CAUSE_SHARE || share < partBefore * CAUSE_FACTOR) continue;
    if (share > (best?.share ?? 0)) best = { name, share };
  }
  return best;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** Who and where to, in words: `71 % of it from news.example, 64 % to /posts/launch, 3 % bots`. */
export function whoAndWhere(now: SurgeReport, before: SurgeReport): string {
  const totals = {
    now: now.requests,
    before: before.requests,
    nowSeconds: now.seconds,
    beforeSeconds: before.seconds,
  };
  const source = causeOf(now.sources, before.sources, totals);
  const path = causeOf(now.paths, before.paths, totals);
  const network = causeOf(now.networks, before.networks, totals);
  const parts = [
    source === undefined ? undefined : `${percent(source.share)} of it from ${source.name}`,
    network === undefined ? undefined : `${percent(network.share)} of it from the network ${network.name}`,
    source === undefined && network === undefined ? 'no single source' : undefined,
    path === undefined ? undefined : `${percent(path.share)} to ${path.name}`,
    `${percent(now.requests === 0 ? 0 : now.bots / now.requests)} bots`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** What became of it, in words. */
export function whatBecame({ cachedShare, refusedShare, workers, maxWorkers, limit }: SurgeAnswers): string {
  const limits = limit === null ? 'nothing limits' : `the limit is ${limit}`;
  const visitors =
    refusedShare < 0.005 ? 'visitors: nobody asked to wait' : `visitors: ${percent(refusedShare)} asked to wait`;
  return `${percent(cachedShare)} answered from the cache; ${workers} of ${maxWorkers} workers, ${limits}; ${visitors}.`;
}

/** The sentence of a surge: how much, who, where to, and what became of it. Without reports only what the server knows. */
export function explainSurge(answers: SurgeAnswers, now?: SurgeReport, before?: SurgeReport): string {
  const much = `+${Math.round(answers.growth).toLocaleString('en-GB')} % against the 5 minutes before`;
  const who = now === undefined || before === undefined ? undefined : whoAndWhere(now, before);
  return `${[much, who].filter((part) => part !== undefined).join(', ')}; ${whatBecame(answers)}`;
}
