import { BoundedLimiter } from '../../bounded-limiter.ts';
import { isSame } from './access.ts';

/** Wrong tokens that one address may send within the time, s. */
const WRONG_TOKENS = 5;
const WITHIN_SECONDS = 60;
/** And all addresses together: whoever has many gets no further. */
const WRONG_TOKENS_OF_ALL = 60;
/** Addresses that are remembered. */
const MAX_ADDRESSES = 1_000;
const ALL = 'all';

/** Judges tokens, and answers none for a while where too many were wrong. */
export class TokenDesk {
  private readonly ofAddress = new BoundedLimiter({ points: WRONG_TOKENS, duration: WITHIN_SECONDS }, MAX_ADDRESSES);
  private readonly ofAll = new BoundedLimiter({ points: WRONG_TOKENS_OF_ALL, duration: WITHIN_SECONDS }, 1);
  private readonly token: string;

  constructor(token: string) {
    this.token = token;
  }

  async judge(given: string, address: string): Promise<'right' | 'wrong' | 'wait'> {
    if (await this.mustWait(address)) return 'wait';
    if (isSame(given, this.token)) return 'right';
    await this.noteWrong(address);
    return 'wrong';
  }

  /** Whether this address sent too many wrong tokens, or all did together. */
  async mustWait(address: string): Promise<boolean> {
    const [own, all] = await Promise.all([this.ofAddress.get(address), this.ofAll.get(ALL)]);
    return (own?.consumedPoints ?? 0) >= WRONG_TOKENS || (all?.consumedPoints ?? 0) >= WRONG_TOKENS_OF_ALL;
  }

  async noteWrong(address: string): Promise<void> {
    // Over the limit `consume` rejects: whoever gets here is under it, or came beside another.
    await Promise.allSettled([this.ofAddress.consume(address), this.ofAll.consume(ALL)]);
  }
}
