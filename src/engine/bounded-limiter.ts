import { type IRateLimiterOptions, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/**
 * A limiter in memory that knows at most `maxKeys` keys: one more, and the key whose time would end first is forgotten,
 * with its count. So somebody who tries a new name each time gets nothing but the memory that is there; to have one
 * key forgotten before its time, all the others have to be used first.
 */
export class BoundedLimiter extends RateLimiterMemory {
  /** When the time of each key ends, epoch ms; as all last equally long, the first one is the next to end. */
  private readonly ends = new Map<string, number>();
  private readonly maxKeys: number;

  constructor(options: IRateLimiterOptions, maxKeys: number) {
    super(options);
    this.maxKeys = maxKeys;
  }

  override consume(key: string | number, points?: number, options?: Record<string, unknown>): Promise<RateLimiterRes> {
    this.note(String(key));
    return super.consume(key, points, options);
  }

  /** Gives points back; to a key that is not known there is nothing to give. */
  override async reward(
    key: string | number,
    points?: number,
    options?: Record<string, unknown>,
  ): Promise<RateLimiterRes> {
    const end = this.ends.get(String(key));
    if (end === undefined || end <= Date.now()) return new RateLimiterRes(this.points, 0, 0);
    return super.reward(key, points, options);
  }

  override delete(key: string | number, options?: Record<string, unknown>): Promise<boolean> {
    this.ends.delete(String(key));
    return super.delete(key, options);
  }

  private note(key: string): void {
    const now = Date.now();
    const end = this.ends.get(key);
    if (end !== undefined && end > now) return;
    if (end !== undefined) void this.delete(key);
    this.ends.set(key, now + this.duration * 1_000);
    for (const [oldest, ended] of this.ends) {
      if (ended > now && this.ends.size <= this.maxKeys) return;
      void this.delete(oldest);
    }
  }
}
