/**
 * Requests that are looked at in a second, of each worker; above it each that is looked at stands for several. A look takes a
 * busy worker some 30 µs: at 2,000 a second ten times the capacity left it a tenth less for visitors.
 */
export const LOOKS_PER_SECOND = 250;
/** New connections that are looked at besides, each second, for the visitors: as long a look, without what is counted. */
export const NEW_PER_SECOND = 500;
const WINDOW_MS = 100;
const PER_WINDOW = (LOOKS_PER_SECOND * WINDOW_MS) / 1_000;

/**
 * Chooses the requests that are looked at: one at a random place of each `stride`, so that a pattern in what comes (a page
 * and its four files) is no pattern in what is seen. The stride follows the last tenth of a second, and grows at once when
 * more comes.
 */
export class Sampler {
  private stride = 1;
  private place = 0;
  private chosen = 0;
  private inWindow = 0;
  private windowEndsAt = Number.NEGATIVE_INFINITY;
  private readonly random: () => number;

  constructor(random: () => number = Math.random) {
    this.random = random;
  }

  /** How many requests this one stands for; 0: it is not looked at. `now`: a monotonic clock, ms. */
  next(now: number): number {
    this.inWindow += 1;
    const looksAt = this.place === this.chosen;
    const weight = looksAt ? this.stride : 0;
    this.place += 1;
    if (this.place >= this.stride) this.beginStride(now);
    return weight;
  }

  private beginStride(now: number): void {
    if (now >= this.windowEndsAt) {
      // After a pause the window was longer than it should be: what came in it is no rate of now.
      const isNext = now < this.windowEndsAt + WINDOW_MS;
      this.stride = isNext ? Math.max(1, Math.ceil(this.inWindow / PER_WINDOW)) : 1;
      this.inWindow = 0;
      this.windowEndsAt = now + WINDOW_MS;
    } else if (this.inWindow > PER_WINDOW * this.stride) {
      this.stride *= 2;
    }
    this.place = 0;
    this.chosen = this.stride === 1 ? 0 : Math.floor(this.random() * this.stride);
  }
}

/** Says yes so many times in each tenth of a second. */
export class Allowance {
  private readonly perWindow: number;
  private left = 0;
  private windowEndsAt = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number) {
    this.perWindow = (perSecond * WINDOW_MS) / 1_000;
  }

  /** `now`: a monotonic clock, ms. */
  take(now: number): boolean {
    if (now >= this.windowEndsAt) {
      this.left = this.perWindow;
      this.windowEndsAt = now + WINDOW_MS;
    }
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
