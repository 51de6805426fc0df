import type { FromMonitor, ToMonitor } from '../../monitor-messages.ts';
import { tailBatchSchema } from '../../tail/entry.ts';
import type { ShownRequest } from './source.ts';

/** While somebody watches, the workers are asked again so often, each time for so long; ms. */
const RENEW_MS = 5_000;
export const OPEN_MS = 12_000;

/** Has the workers tell what they answer, as long as somebody watches. */
export class TailWatch {
  private readonly send: (message: FromMonitor) => void;
  private timer: NodeJS.Timeout | undefined;

  constructor(send: (message: FromMonitor) => void) {
    this.send = send;
  }

  watch(watched: boolean): void {
    if (watched === (this.timer !== undefined)) return;
    clearInterval(this.timer);
    this.timer = undefined;
    if (!watched) {
      this.send({ type: 'tail', forMs: 0 });
      return;
    }
    const ask = (): void => this.send({ type: 'tail', forMs: OPEN_MS });
    this.timer = setInterval(ask, RENEW_MS);
    ask();
  }

  /** What a worker told; undefined: it cannot be read, or nobody watches any more. */
  read({ worker, batch }: Extract<ToMonitor, { type: 'tail' }>): ShownRequest[] | undefined {
    if (this.timer === undefined) return undefined;
    const parsed = tailBatchSchema.safeParse(jsonOf(batch));
    return parsed.success ? parsed.data.map((entry) => ({ ...entry, worker })) : undefined;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
