import type { Dispatcher } from '../admission/dispatcher.ts';
import type { RouteWork } from '../admission/route-work.ts';
import { Claim } from '../idempotency/claim.ts';
import { fromBytes } from '../idempotency/kept-answer.ts';
import type { Claimed } from '../idempotency/record-file.ts';
import type { Records } from '../idempotency/records.ts';
import { type Keyed, readKey } from '../idempotency/request-key.ts';
import { unseal } from '../idempotency/sealed.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { createOnceAnswers, type OnceAnswers, type OnceProblem } from './answer/once-answer.ts';
import type { Direct } from './direct.ts';
import type { EngineRequest } from './engine-request.ts';

export interface OnceParts {
  records: Records;
  /** Names of the cookies that tell visitors apart; undefined: all but those of statistics. */
  cookies: readonly string[] | undefined;
  direct: Direct;
  dispatcher: Dispatcher;
  works: readonly RouteWork[];
  recorder: Recorder;
  siteName: string;
  extraHeaders: readonly string[];
}

/** The door of requests that carry an idempotency key: the first goes on to the site, every other gets its answer. */
export class Once {
  private readonly parts: OnceParts;
  private readonly answers: OnceAnswers;

  constructor(parts: OnceParts) {
    this.parts = parts;
    this.answers = createOnceAnswers(parts.siteName, parts.extraHeaders);
  }

  /** @param body as it was read; undefined: the site reads it itself */
  enter(asked: EngineRequest, body: readonly Buffer[] | undefined, copyKey: string | undefined): void {
    const { direct, dispatcher, works, cookies } = this.parts;
    const read = readKey(asked.request, body, cookies);
    if (read.kind === 'none') {
      direct.answer(asked, copyKey);
      return;
    }
    if (read.kind === 'invalid') {
      this.tell(asked, 'invalid');
      return;
    }
    const { route, priority } = asked;
    asked.lookAtGate(dispatcher, works[route.index]!);
    // Where there is no room for the work, none is claimed: a surge must not become one of disk writes.
    if (dispatcher.refusesEarly(priority, works[route.index]!, dispatcher.gate.withinMs(route.policy))) {
      asked.refuse();
      return;
    }
    void this.claim(asked, read.keyed, copyKey);
  }

  private async claim(asked: EngineRequest, keyed: Keyed, copyKey: string | undefined): Promise<void> {
    const { records, direct } = this.parts;
    const token = records.nextToken();
    let claimed: Claimed | { kind: 'unavailable' };
    try {
      claimed = await records.claim(keyed.id, keyed.body, token);
    } catch {
      // The records tell of it themselves; without them nothing may be done, as it might be done twice.
      claimed = { kind: 'unavailable' };
    }
    if (claimed.kind === 'run') {
      const claim = new Claim(keyed, records, token);
      if (asked.response.destroyed) {
        claim.giveUp(false);
        return;
      }
      this.count('run');
      asked.claim = claim;
      direct.answer(asked, copyKey);
      return;
    }
    if (asked.response.destroyed) return;
    switch (claimed.kind) {
      case 'replay':
        if (claimed.answer === undefined) this.tell(asked, 'not_kept');
        else {
          this.answers.replay(asked.request, asked.response, fromBytes(unseal(keyed.secret, claimed.answer)));
          asked.record('bypass');
        }
        this.count('replayed');
        break;
      case 'in_progress':
      case 'other_body':
        this.tell(asked, claimed.kind);
        this.count(claimed.kind);
        break;
      default:
        asked.way?.refused('records');
        asked.refuse();
        this.count('unavailable');
    }
  }

  private tell(asked: EngineRequest, problem: OnceProblem): void {
    this.answers.problem(asked.request, asked.response, problem);
    asked.record('bypass');
  }

  private count(outcome: string): void {
    this.parts.recorder.count('tahan_idempotency_total', [outcome]);
  }
}
