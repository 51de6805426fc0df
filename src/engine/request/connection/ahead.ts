/**
 * Most that is held of what one client sent before its earlier requests were answered, bytes: 32 heads as large as a plain
 * one may be. A read brings at most half of it, and then no more is read.
 */
export const MAX_AHEAD_BYTES = 32 * 4_096;

/** What all connections of this process hold so; a connection over the bound is cut. */
export const aheadOfAll = { bytes: 0, maxBytes: 67_108_864 };

/** What a client sent that is not looked at yet: one request of a connection at a time. */
export class Ahead {
  private bytes: Buffer | undefined;
  /** What is counted for it: the rest of a chunk keeps the whole chunk in memory. */
  private counted = 0;

  get length(): number {
    return this.bytes?.length ?? 0;
  }

  /** Adds what has been read; false: it is more than may be held, and nothing of it is. */
  add(chunk: Buffer): boolean {
    if (this.counted + chunk.length > MAX_AHEAD_BYTES) return false;
    if (aheadOfAll.bytes + chunk.length > aheadOfAll.maxBytes) return false;
    this.bytes = this.bytes === undefined ? chunk : Buffer.concat([this.bytes, chunk]);
    this.counted += chunk.length;
    aheadOfAll.bytes += chunk.length;
    return true;
  }

  /** The bytes themselves, which stay; undefined: there are none. */
  peek(): Buffer | undefined {
    return this.bytes;
  }

  /** Takes so many of the first bytes out. */
  take(length: number): Buffer {
    const { bytes } = this;
    if (bytes === undefined || length > bytes.length) throw new RangeError(`${length} of ${this.length} bytes`);
    if (length === bytes.length) this.clear();
    else this.bytes = bytes.subarray(length);
    return bytes.subarray(0, length);
  }

  clear(): void {
    this.bytes = undefined;
    aheadOfAll.bytes -= this.counted;
    this.counted = 0;
  }
}
