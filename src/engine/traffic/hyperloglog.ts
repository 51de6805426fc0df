/** Bits of a hash that are looked at beside the register's number. */
const RANK_BITS = 52;

/**
 * Counts different things without keeping them (Flajolet et al. 2007), read by the estimator of Ertl (2017, "New cardinality
 * estimation algorithms for HyperLogLog sketches", algorithm 6): no bias for small numbers, no tables of corrections.
 * `2^precision` registers of one byte.
 */
export class HyperLogLog {
  readonly precision: number;
  private readonly registers: Uint8Array;

  /** @throws {RangeError} `precision` is not 4 to 16 */
  constructor(precision: number) {
    if (!Number.isInteger(precision) || precision < 4 || precision > 16)
      throw new RangeError(`precision must be 4 to 16, not ${precision}`);
    this.precision = precision;
    this.registers = new Uint8Array(2 ** precision);
  }

  /** Standard error of the estimate, as a share: 1.04 by the square root of the registers. */
  get standardError(): number {
    return 1.04 / Math.sqrt(this.registers.length);
  }

  /** Adds one thing by a hash of 64 evenly spread bits, in two halves (unsigned 32 bits each). */
  add(high: number, low: number): void {
    const index = high >>> (32 - this.precision);
    const rest = (high << this.precision) >>> 0;
    // The 12 lowest bits of `low` are not needed: a rank over 52 minus the precision is not seen with fewer than 2^50 things.
    let rank = rest === 0 ? 32 - this.precision + Math.clz32(low) + 1 : Math.clz32(rest) + 1;
    if (rank > RANK_BITS) rank = RANK_BITS;
    if (rank > this.registers[index]!) this.registers[index] = rank;
  }

  /** Afterwards it has counted what either has. @throws {RangeError} the precisions differ */
  merge(other: HyperLogLog): void {
    if (other.precision !== this.precision)
      throw new RangeError(`precisions differ: ${this.precision} and ${other.precision}`);
    for (let at = 0; at < this.registers.length; at++) {
      const rank = other.registers[at]!;
      if (rank > this.registers[at]!) this.registers[at] = rank;
    }
  }

  get isEmpty(): boolean {
    return this.registers.every((rank) => rank === 0);
  }

  /** Estimated number of different things. */
  count(): number {
    const m = this.registers.length;
    const most = 64 - this.precision;
    const ofRank = new Float64Array(most + 2);
    for (const rank of this.registers) ofRank[Math.min(rank, most + 1)]! += 1;
    let z = m * tau(1 - ofRank[most + 1]! / m);
    for (let rank = most; rank >= 1; rank--) z = 0.5 * (z + ofRank[rank]!);
    z += m * sigma(ofRank[0]! / m);
    return (m * m) / (2 * Math.LN2 * z);
  }

  /** As text: `r` and the registers, or `s` and number and rank of those that are not 0, where that is shorter. Base64. */
  toText(): string {
    const filled = this.registers.reduce((sum, rank) => sum + (rank > 0 ? 1 : 0), 0);
    if (filled * 3 >= this.registers.length) return `r${Buffer.from(this.registers).toString('base64')}`;
    const sparse = Buffer.alloc(filled * 3);
    let at = 0;
    this.registers.forEach((rank, index) => {
      if (rank === 0) return;
      sparse.writeUInt16BE(index, at);
      sparse[at + 2] = rank;
      at += 3;
    });
    return `s${sparse.toString('base64')}`;
  }

  /** @throws {RangeError} the text is not one that `toText` of this precision gave */
  static fromText(precision: number, text: string): HyperLogLog {
    const made = new HyperLogLog(precision);
    const bytes = Buffer.from(text.slice(1), 'base64');
    if (text[0] === 'r' && bytes.length === made.registers.length) {
      made.registers.set(bytes);
    } else if (text[0] === 's' && bytes.length % 3 === 0) {
      for (let at = 0; at < bytes.length; at += 3) {
        const index = bytes.readUInt16BE(at);
        if (index >= made.registers.length) throw new RangeError(`no register ${index}`);
        made.registers[index] = bytes[at + 2]!;
      }
    } else throw new RangeError('not a text of a HyperLogLog of this precision');
    if (made.registers.some((rank) => rank > RANK_BITS)) throw new RangeError('a rank is too high');
    return made;
  }
}

/** Ertl 2017, algorithm 5: for registers that are still 0. */
function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY;
  let y = 1;
  let z = x;
  let power = x;
  for (;;) {
    power *= power;
    const before = z;
    z += power * y;
    y += y;
    if (z === before) return z;
  }
}

/** Ertl 2017, algorithm 5: for registers that are full. */
function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let y = 1;
  let z = 1 - x;
  let root = x;
  for (;;) {
    root = Math.sqrt(root);
    const before = z;
    y *= 0.5;
    z -= (1 - root) ** 2 * y;
    if (z === before) return z / 3;
  }
}
