/** One thing that is counted: `count` is at most `error` too high, and never too low. */
export interface Hitter {
  key: string;
  count: number;
  error: number;
}

/** As it travels: what any key that is not in the list may have at most, and the keys. */
export interface HittersJson {
  floor: number;
  total: number;
  hitters: [key: string, count: number, error: number][];
}

/** Longest key, characters; a longer one is cut. */
export const MAX_KEY = 200;

/**
 * The most frequent of any number of things, in bounded space (Metwally et al. 2005, Space-Saving; merged as in Agarwal et al. 2012,
 * Mergeable summaries). Counts are too high by at most `total / capacity`, and whatever has more than that is in the list.
 * A binary heap by count: the least is replaced in O(log capacity).
 */
export class SpaceSaving {
  readonly capacity: number;
  /** Sum of all that was added. */
  total = 0;
  /** No key outside the list has more. */
  private floor = 0;
  private heap: Hitter[] = [];
  private readonly places = new Map<string, number>();

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.heap.length;
  }

  /** The most by which any count may be too high, and any missing key may have. */
  get maxError(): number {
    return this.heap.length < this.capacity ? this.floor : Math.max(this.floor, this.heap[0]?.count ?? 0);
  }

  add(name: string, weight = 1): void {
    const key = name.length > MAX_KEY ? name.slice(0, MAX_KEY) : name;
    this.total += weight;
    const place = this.places.get(key);
    if (place !== undefined) {
      this.heap[place]!.count += weight;
      this.sink(place);
      return;
    }
    if (this.heap.length < this.capacity) {
      this.heap.push({ key, count: this.floor + weight, error: this.floor });
      this.places.set(key, this.heap.length - 1);
      this.rise(this.heap.length - 1);
      return;
    }
    const least = this.heap[0]!;
    this.floor = Math.max(this.floor, least.count);
    this.places.delete(least.key);
    this.heap[0] = { key, count: this.floor + weight, error: this.floor };
    this.places.set(key, 0);
    this.sink(0);
  }

  /** Adds what another has counted. */
  merge(other: SpaceSaving): void {
    const ownMiss = this.maxError;
    const otherMiss = other.maxError;
    const all = new Map<string, Hitter>();
    for (const { key, count, error } of this.heap)
      all.set(key, { key, count: count + otherMiss, error: error + otherMiss });
    for (const { key, count, error } of other.heap) {
      const own = all.get(key);
      if (own === undefined) all.set(key, { key, count: count + ownMiss, error: error + ownMiss });
      else {
        own.count += count - otherMiss;
        own.error += error - otherMiss;
      }
    }
    this.total += other.total;
    this.keep([...all.values()], ownMiss + otherMiss);
  }

  /** The first `most`, most frequent first; equal ones by key, so that the order is always the same. */
  top(most: number): Hitter[] {
    return [...this.heap].sort(byCount).slice(0, most);
  }

  /** With at most `most` keys: what is left out raises the error of the rest as if it had been replaced. */
  toJson(most = this.capacity): HittersJson {
    const sorted = this.top(this.capacity);
    const left = sorted[most]?.count ?? 0;
    return {
      floor: Math.max(this.heap.length < this.capacity ? this.floor : this.maxError, left),
      total: this.total,
      hitters: sorted.slice(0, most).map(({ key, count, error }) => [key, count, error]),
    };
  }

  static fromJson(capacity: number, { floor, total, hitters }: HittersJson): SpaceSaving {
    const made = new SpaceSaving(capacity);
    made.total = total;
    made.keep(
      hitters.map(([key, count, error]) => ({ key: key.slice(0, MAX_KEY), count, error })),
      floor,
    );
    return made;
  }

  private keep(hitters: Hitter[], floor: number): void {
    hitters.sort(byCount);
    this.floor = Math.max(floor, hitters[this.capacity]?.count ?? 0);
    // Ascending order is a heap.
    this.heap = hitters.slice(0, this.capacity).reverse();
    this.places.clear();
    this.heap.forEach(({ key }, place) => {
      this.places.set(key, place);
    });
  }

  private rise(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.heap[parent]!.count <= this.heap[place]!.count) return;
      this.swap(place, parent);
      place = parent;
    }
  }

  private sink(from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= this.heap.length) return;
      const right = left + 1;
      const child = right < this.heap.length && this.heap[right]!.count < this.heap[left]!.count ? right : left;
      if (this.heap[place]!.count <= this.heap[child]!.count) return;
      this.swap(place, child);
      place = child;
    }
  }

  private swap(a: number, b: number): void {
    const one = this.heap[a]!;
    const other = this.heap[b]!;
    this.heap[a] = other;
    this.heap[b] = one;
    this.places.set(other.key, a);
    this.places.set(one.key, b);
  }
}

const byCount = (a: Hitter, b: Hitter): number => b.count - a.count || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
