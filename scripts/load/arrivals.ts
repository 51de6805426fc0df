import { exponential, seededRandom } from '../../src/site/features/lab/random.ts';
import type { LoadSpec } from './spec.ts';
import { zipf } from './zipf.ts';

/** One request that is due. */
export interface Arrival {
  /** Intended send time, ms since the start of the load. */
  atMs: number;
  /** Index into the classes of the load. */
  kind: number;
  path: string;
  /** Sent in a warm-up phase. */
  warmUp: boolean;
}

/** The requests of a load in order of time: a Poisson process per phase, the same for the same seed. */
export function* arrivals({
  phases,
  classes,
  seed,
}: Pick<LoadSpec, 'phases' | 'classes' | 'seed'>): Generator<Arrival, void> {
  const random = seededRandom(seed);
  const paths = classes.map((entry, kind) => pathsOf(entry, seededRandom(seed + 7_919 * (kind + 1))));
  const pick = (among: readonly number[]): number => {
    let drawn = random() * among.reduce((sum, kind) => sum + classes[kind]!.share, 0);
    for (const kind of among) {
      drawn -= classes[kind]!.share;
      if (drawn < 0) return kind;
    }
    return among.at(-1)!;
  };
  let phaseStart = 0;
  for (const phase of phases) {
    const among = [...classes.keys()].filter((kind) => phase.only?.includes(classes[kind]!.name) ?? true);
    const phaseEnd = phaseStart + phase.seconds * 1000;
    const meanGapMs = 1000 / phase.rate; // Infinity for a silent phase
    let atMs = phaseStart + exponential(random, meanGapMs);
    while (atMs < phaseEnd) {
      const kind = pick(among);
      yield { atMs, kind, path: paths[kind]!(), warmUp: phase.warmUp === true };
      atMs += exponential(random, meanGapMs);
    }
    phaseStart = phaseEnd;
  }
}

function pathsOf({ path, pages }: LoadSpec['classes'][number], random: () => number): () => string {
  if (pages === undefined) return () => path;
  const all = Array.from({ length: pages.count }, (_, page) => path.replace(':n', String(page + 1)));
  if (pages.pick === 'zipf') {
    const rank = zipf(pages.count, random);
    return () => all[rank() - 1]!;
  }
  let next = 0;
  return () => all[next++ % pages.count]!;
}
