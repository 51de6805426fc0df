/** Bits of one generation, and keys after which it is replaced; 2 probes: under 3 % false positives when both are full. */
const BITS = 1 << 17;
const KEYS = 8_192;

/**
 * The second-hit rule: a page whose key has a query is kept only when it is asked for a second time, so that
 * `?page=random` cannot flush what people read. A doorkeeper of two Bloom filters that take turns (TinyLFU,
 * Einziger et al. 2017); a page without a query is always let in.
 */
export class SecondHit {
  private current = new Uint32Array(BITS / 32);
  private previous = new Uint32Array(BITS / 32);
  private keys = 0;

  /** Whether the page may be kept; remembers that it was asked for. */
  admits(key: string): boolean {
    if (!key.includes('?')) return true;
    const hash = fnv1a(key);
    const a = hash % BITS;
    const b = Math.imul(hash, 0x9e3779b1) >>> 15;
    const seen = (has(this.current, a) && has(this.current, b)) || (has(this.previous, a) && has(this.previous, b));
    if (!has(this.current, a) || !has(this.current, b)) {
      if (this.keys >= KEYS) {
        [this.current, this.previous] = [this.previous, this.current];
        this.current.fill(0);
        this.keys = 0;
      }
      put(this.current, a);
      put(this.current, b);
      this.keys += 1;
    }
    return seen;
  }
}

const has = (bits: Uint32Array, at: number): boolean => (bits[at >>> 5]! & (1 << (at & 31))) !== 0;
const put = (bits: Uint32Array, at: number): void => {
  bits[at >>> 5]! |= 1 << (at & 31);
};

/** FNV-1a, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
