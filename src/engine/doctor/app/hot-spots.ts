import { type CodeOf, packageAt } from './frame-kind.ts';

/** A CPU profile, as the inspector gives it; times in µs. */
export interface CpuProfile {
  startTime: number;
  nodes: readonly {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
    children?: readonly number[];
  }[];
  samples?: readonly number[];
  timeDeltas?: readonly number[];
}

/** A function of the app that held the event loop. */
export interface HotSpot {
  /** `render (file:///app/views.js:12)`. */
  name: string;
  url: string;
  line: number;
  /** Where most of that time went, where it is not the function itself. */
  mostly: string | undefined;
  longestMs: number;
  /** When it was seen. */
  spans: readonly Span[];
}

/** From when to when, on the clock of `process.hrtime`, µs. */
export interface Span {
  fromUs: number;
  toUs: number;
}

/** What holds the loop so long is felt by everybody who waits behind it, ms. */
const HOT_MS = 20;
/** A stretch of fewer samples says nothing: the process was not given the CPU. */
const LEAST_SAMPLES = 10;
/** Share of a stretch that a function must have to give its name to it. */
const MOST = 0.5;

type Node = CpuProfile['nodes'][number];

interface Stretch extends Span {
  outer: number;
  /** Time of each node on top of the stack, µs. */
  self: Map<number, number>;
  samples: number;
}

/** Where code of the app, or of its packages, held the event loop for `leastMs` or longer without a break; the longest first. */
export function hotSpots(profile: CpuProfile, of: (url: string) => CodeOf, leastMs = HOT_MS): HotSpot[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const path = (id: number): Node[] => {
    const found: Node[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) found.unshift(nodes.get(at)!);
    return found;
  };
  const spots = new Map<string, HotSpot>();
  for (const stretch of stretchesOf(profile, path, of)) {
    const ms = (stretch.toUs - stretch.fromUs) / 1_000;
    if (ms < leastMs || stretch.samples < LEAST_SAMPLES) continue;
    const { named, mostly } = nameOf(stretch, path, of);
    const { functionName, url, lineNumber } = named.callFrame;
    const key = `${functionName}\n${url}\n${lineNumber}`;
    const before = spots.get(key);
    spots.set(key, {
      name: functionName || 'a function without a name',
      url,
      line: lineNumber + 1,
      mostly: mostly === named ? undefined : labelOf(mostly),
      longestMs: Math.max(ms, before?.longestMs ?? 0),
      spans: [...(before?.spans ?? []), { fromUs: stretch.fromUs, toUs: stretch.toUs }],
    });
  }
  return [...spots.values()].sort((a, b) => b.longestMs - a.longestMs);
}

/** Samples in a row below one and the same call of code that is neither Node's nor Tahan's. */
function stretchesOf(profile: CpuProfile, path: (id: number) => Node[], of: (url: string) => CodeOf): Stretch[] {
  const { samples = [], timeDeltas = [], startTime } = profile;
  const outerOf = new Map<number, number | undefined>();
  const outer = (id: number): number | undefined => {
    if (!outerOf.has(id))
      outerOf.set(id, path(id).find(({ callFrame: { url } }) => ['app', 'package'].includes(of(url)))?.id);
    return outerOf.get(id);
  };
  const stretches: Stretch[] = [];
  let current: Stretch | undefined;
  let now = startTime;
  for (const [index, id] of samples.entries()) {
    now += timeDeltas[index] ?? 0;
    const toUs = now + (timeDeltas[index + 1] ?? 0);
    const { functionName } = path(id).at(-1)!.callFrame;
    // A collection of garbage belongs to what made the garbage.
    const call = functionName === '(garbage collector)' ? current?.outer : outer(id);
    if (call === undefined || call !== current?.outer) {
      current = call === undefined ? undefined : { outer: call, fromUs: now, toUs, self: new Map(), samples: 0 };
      if (current !== undefined) stretches.push(current);
    }
    if (current === undefined) continue;
    current.toUs = toUs;
    current.samples += 1;
    current.self.set(id, (current.self.get(id) ?? 0) + toUs - now);
  }
  return stretches;
}

/** The innermost function of the app's own, else of a package, that had most of a stretch; and where the time itself went. */
function nameOf(
  { outer, self }: Stretch,
  path: (id: number) => Node[],
  of: (url: string) => CodeOf,
): { named: Node; mostly: Node } {
  const within = new Map<Node, number>();
  let all = 0;
  let mostly: { node: Node; us: number } | undefined;
  for (const [id, us] of self) {
    all += us;
    const nodes = path(id);
    const node = nodes.at(-1)!;
    if (us > (mostly?.us ?? -1) && node.callFrame.functionName !== '(garbage collector)') mostly = { node, us };
    for (const one of nodes.slice(nodes.findIndex((each) => each.id === outer)))
      within.set(one, (within.get(one) ?? 0) + us);
  }
  const most = [...within].filter(([, us]) => us >= MOST * all).map(([node]) => node);
  const last = (kind: CodeOf): Node | undefined => most.findLast(({ callFrame: { url } }) => of(url) === kind);
  const named = last('app') ?? last('package') ?? path(outer).at(-1)!;
  return { named, mostly: mostly?.node ?? named };
}

function labelOf({ callFrame: { functionName, url } }: Node): string {
  const place = packageAt(url)?.name ?? url;
  return place === '' ? functionName : `${functionName || 'a function without a name'} of ${place}`;
}
