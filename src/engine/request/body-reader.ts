import type { IncomingMessage } from 'node:http';

/** What all bodies that are being read may hold together in one worker, bytes. */
const MAX_HELD_BYTES = 67_108_864;
/** A body may come as slowly as it likes for so long, ms; then at this rate at least, bytes per second (Apache: mod_reqtimeout). */
const GRACE_MS = 10_000;
const LEAST_RATE = 500;
const LOOK_EVERY_MS = 1_000;

/** How the reading of a body ended: it is here, larger than it may be, too slow, or there is no memory for it. */
export type BodyOutcome = 'complete' | 'too_large' | 'too_slow' | 'no_room';

interface Reading {
  startedAt: number;
  bytes: number;
  end: (outcome: BodyOutcome) => void;
}

export interface BodyReaderOptions {
  /** Longest time for a whole body, ms. */
  timeoutMs: number;
  maxHeldBytes?: number;
  graceMs?: number;
}

/** Whether a request has a body. RFC 9112 section 6.3. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Reads bodies before their requests ask for a place, so that no client can hold one: Puma's rule, "we trust apps to not
 * starve the pool, but don't trust clients". The site reads the body from the request as ever, only all at once.
 */
export class BodyReader {
  /** Bytes that are held now, of bodies under way and of those whose requests wait for their turn. */
  heldBytes = 0;
  private readonly timeoutMs: number;
  private readonly maxHeldBytes: number;
  private readonly graceMs: number;
  private readonly readings = new Set<Reading>();
  private looking: NodeJS.Timeout | undefined;

  constructor({ timeoutMs, maxHeldBytes = MAX_HELD_BYTES, graceMs = GRACE_MS }: BodyReaderOptions) {
    this.timeoutMs = timeoutMs;
    this.maxHeldBytes = maxHeldBytes;
    this.graceMs = graceMs;
  }

  /** Bodies that are being read. */
  get reading(): number {
    return this.readings.size;
  }

  /**
   * Reads a body of at most `limit` bytes; `done` is called once, with what was read, unless the client leaves. When it is complete the
   * request can be given to the site: the body comes after the listener has been called.
   */
  read(request: IncomingMessage, limit: number, done: (outcome: BodyOutcome, body: readonly Buffer[]) => void): void {
    const parts: Buffer[] = [];
    // node:http hands each part of a body to `push`; a listener for `data` would take it from the site.
    const push = request.push;
    const free = (): void => {
      this.heldBytes -= reading.bytes;
      reading.bytes = 0;
      parts.length = 0;
    };
    const reading: Reading = {
      startedAt: performance.now(),
      bytes: 0,
      end: (outcome) => {
        this.forget(reading);
        const body = parts.slice();
        if (outcome === 'complete') {
          request.push = push;
          for (const part of parts) push.call(request, part);
          push.call(request, null);
          parts.length = 0;
        } else {
          // The rest is dropped as it comes, until the connection ends.
          request.push = () => true;
          request.off('close', leave);
          free();
        }
        done(outcome, body);
      },
    };
    const leave = (): void => {
      this.forget(reading);
      free();
    };
    request.push = (part: Buffer | null) => {
      if (part === null) {
        reading.end('complete');
        return false;
      }
      reading.bytes += part.length;
      this.heldBytes += part.length;
      if (reading.bytes > limit) reading.end('too_large');
      else if (this.heldBytes > this.maxHeldBytes) reading.end('no_room');
      else parts.push(part);
      return true;
    };
    request.once('close', leave);
    this.readings.add(reading);
    this.looking ??= setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  private forget(reading: Reading): void {
    this.readings.delete(reading);
    if (this.readings.size > 0) return;
    clearInterval(this.looking);
    this.looking = undefined;
  }

  /** Ends those that are too slow. */
  private look(): void {
    const now = performance.now();
    for (const { startedAt, bytes, end } of this.readings) {
      const ageMs = now - startedAt;
      if (ageMs > this.timeoutMs || (ageMs > this.graceMs && bytes < (LEAST_RATE * (ageMs - this.graceMs)) / 1_000 + 1))
        end('too_slow');
    }
  }
}
