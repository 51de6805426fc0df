import { randomUUID } from 'node:crypto';
import type { FromMonitor, ToMonitor } from '../../monitor-messages.ts';
import type { ActionResult, OperatorAction } from '../../operator-action.ts';

/** Actions that are under way at once, and the longest one may take, ms: a purge waits 1.5 s for every process. */
const MAX_OPEN = 16;
const WITHIN_MS = 5_000;

/** Sends actions to the primary, and waits for what came of each. */
export class Errands {
  private readonly open = new Map<string, (result: ActionResult) => void>();
  private readonly send: (message: FromMonitor) => void;
  private readonly withinMs: number;

  constructor(send: (message: FromMonitor) => void, withinMs = WITHIN_MS) {
    this.send = send;
    this.withinMs = withinMs;
  }

  /** Never rejects: that nothing was heard is a result, too. */
  run(action: OperatorAction, by: string): Promise<ActionResult> {
    if (this.open.size >= MAX_OPEN)
      return Promise.resolve({ ok: false, text: 'Too many actions are under way: wait for them to end.' });
    return new Promise((resolve) => {
      const id = randomUUID();
      const end = (result: ActionResult): void => {
        clearTimeout(timer);
        this.open.delete(id);
        resolve(result);
      };
      const timer = setTimeout(
        () => end({ ok: false, text: `Nothing was heard of it within ${this.withinMs / 1_000} s; see the log.` }),
        this.withinMs,
      );
      this.open.set(id, end);
      this.send({ type: 'action', id, action, by });
    });
  }

  ended({ id, ok, text }: Extract<ToMonitor, { type: 'action-result' }>): void {
    this.open.get(id)?.({ ok, text });
  }
}
