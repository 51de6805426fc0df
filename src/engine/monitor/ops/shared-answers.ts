import type { ServerResponse } from 'node:http';
import { JSON_TYPE, write } from './write.ts';

/** Answers that are kept at once, and for how long, ms: shorter than a page waits to ask again. */
export const MAX_SHARED = 16;
export const SHARED_MS = 1_500;

/** Dashboards that show the same range ask for the same: what one was given is given to the others, for a moment. */
export class SharedAnswers {
  private readonly kept = new Map<string, { text: string; until: number }>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /** `name`: what is asked for. */
  write(response: ServerResponse, name: string, make: () => unknown): void {
    const now = this.now();
    for (const [old, { until }] of this.kept) if (until <= now) this.kept.delete(old);
    let found = this.kept.get(name);
    if (found === undefined) {
      found = { text: `${JSON.stringify(make())}\n`, until: now + SHARED_MS };
      this.kept.set(name, found);
      if (this.kept.size > MAX_SHARED) this.kept.delete(this.kept.keys().next().value!);
    }
    write(response, 200, JSON_TYPE, found.text);
  }

  get size(): number {
    return this.kept.size;
  }
}
