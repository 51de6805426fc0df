import type { ServerResponse } from 'node:http';

/** Dashboards that are open at once. */
export const MAX_STREAMS = 32;
/** A reader that has so much to take still is dropped, bytes: it comes back by itself, and starts anew. */
export const MAX_BEHIND = 262_144;
/** How long a browser waits before it comes back, ms. */
const RETRY_MS = 2_000;

const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // nginx would collect a stream.
  'x-accel-buffering': 'no',
};

/** Server-sent events to all open dashboards. What is sent is written once for all of them. */
export class Streams {
  private readonly open = new Set<ServerResponse>();
  /** Those of them that show requests as they are answered. */
  private readonly tails = new Set<ServerResponse>();
  private readonly onTails: (tails: number) => void;
  private readonly max: number;

  /** `onTails`: so many show requests from now on. */
  constructor(max = MAX_STREAMS, onTails: (tails: number) => void = () => {}) {
    this.max = max;
    this.onTails = onTails;
  }

  get size(): number {
    return this.open.size;
  }

  /** Begins a stream with these events; false: there are enough already. `tail`: it shows requests, too. */
  add(response: ServerResponse, first: readonly string[], tail = false): boolean {
    if (this.open.size >= this.max) return false;
    this.open.add(response);
    if (tail) this.tails.add(response);
    response.on('close', () => {
      this.open.delete(response);
      if (this.tails.delete(response)) this.onTails(this.tails.size);
    });
    response.writeHead(200, HEAD);
    response.write(`retry: ${RETRY_MS}\n\n${first.join('')}`);
    if (tail) this.onTails(this.tails.size);
    return true;
  }

  send(event: string): void {
    sendTo(this.open, event);
  }

  sendToTails(event: string): void {
    sendTo(this.tails, event);
  }

  close(): void {
    for (const response of this.open) response.end();
  }
}

function sendTo(responses: ReadonlySet<ServerResponse>, event: string): void {
  for (const response of responses) {
    if (response.writableLength > MAX_BEHIND) response.destroy();
    else response.write(event);
  }
}

/** One event. JSON has no line breaks, so that it is one line of data. */
export const eventOf = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
