import { hash } from 'node:crypto';

/** 64 bits in two halves, unsigned 32 bits each. */
export interface Hash64 {
  high: number;
  low: number;
}

/**
 * Of a text that may be known, such as a path. Two multiplicative hashes with the final mix of MurmurHash3: evenly spread,
 * and no secret.
 */
export function hashOf(text: string): Hash64 {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  return { high: mixed(high ^ (low >>> 15)), low: mixed(low ^ (high >>> 13)) };
}

function mixed(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Of a visitor: SHA-256 with the secret salt of the day, so that nobody can try out addresses once the salt is gone. */
export function visitorHash(salt: string, address: string, userAgent: string): Hash64 {
  const hex = hash('sha256', `${salt}\n${address}\n${userAgent}`, 'hex');
  return { high: Number.parseInt(hex.slice(0, 8), 16), low: Number.parseInt(hex.slice(8, 16), 16) };
}
