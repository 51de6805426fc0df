import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HeldAnswer, holdAnswer } from './hold-answer.ts';
import { isFinal, type KeptAnswer, toBytes } from './kept-answer.ts';
import type { Records } from './records.ts';
import type { Keyed } from './request-key.ts';
import { tellsScript } from './script-answer.ts';
import { seal } from './sealed.ts';

/** A site that goes on after the engine has answered in its place, or after its visitor left, is waited for so long, ms. */
const SITE_ENDS_WITHIN_MS = 30_000;

const NOTHING = Buffer.alloc(0);

/** The right of one request to do its work: nobody with the same key does it meanwhile. */
export class Claim {
  /** For the site, which may store it in the transaction of its own write. */
  readonly siteKey: string;
  private readonly keyed: Keyed;
  private readonly records: Records;
  private readonly token: number;
  private held: HeldAnswer | undefined;
  private settled = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(keyed: Keyed, records: Records, token: number) {
    this.siteKey = keyed.siteKey;
    this.keyed = keyed;
    this.records = records;
    this.token = token;
  }

  /** The site begins: its answer is held until it is kept. */
  hold(request: IncomingMessage, response: ServerResponse): void {
    const keep = (answer: KeptAnswer | undefined, status: number): Promise<void> => this.keep(answer, status);
    this.held = holdAnswer(response, keep, (body) => (tellsScript(request, response) ? NOTHING : body));
  }

  /** The engine answers in the site's place. `begun`: the site is at work on it, and may yet do what was asked. */
  giveUp(begun: boolean): void {
    this.held?.letGo();
    if (begun) this.awaitSite();
    else this.free();
  }

  /** The visitor has left: the site may end its work, and its answer is kept for the next try. */
  awaitSite(): void {
    if (this.settled) return;
    this.timer ??= setTimeout(() => this.free(), SITE_ENDS_WITHIN_MS).unref();
  }

  /** The site has ended its work, and nobody knows its answer. */
  siteEnded(): void {
    this.free();
  }

  private free(): void {
    if (!this.settle()) return;
    this.records.free(this.keyed.id, this.token);
  }

  private async keep(answer: KeptAnswer | undefined, status: number): Promise<void> {
    if (!isFinal(status)) {
      this.free();
      return;
    }
    if (!this.settle()) return;
    const { id, secret } = this.keyed;
    await this.records.finish(id, this.token, answer === undefined ? undefined : seal(secret, toBytes(answer)));
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.timer);
    return true;
  }
}
