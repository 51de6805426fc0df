import { scryptSync, timingSafeEqual } from 'node:crypto';

/** The largest memory that an old hash may ask for, bytes: N = 2^20 with r = 8, eight times what this site ever used. */
const MAX_MEMORY_BYTES = 2 ** 30;
const MAX_P = 16;

const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

interface Scrypt {
  N: number;
  r: number;
  p: number;
  salt: Buffer;
  key: Buffer;
}

/** An old hash, `$scrypt$ln=17,r=8,p=1$salt$key`. Undefined: it is none, or its cost is above the bounds. */
export function readScrypt(hashed: string): Scrypt | undefined {
  const [, ln, r, p, salt, key] = PHC.exec(hashed) ?? [];
  if (salt === undefined || key === undefined) return undefined;
  const cost = { N: 2 ** Number(ln), r: Number(r), p: Number(p) };
  if (cost.N < 2 || cost.r < 1 || cost.p < 1 || cost.p > MAX_P) return undefined;
  if (128 * cost.N * cost.r > MAX_MEMORY_BYTES) return undefined;
  return { ...cost, salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64') };
}

/** Whether the password is the hash's. Takes its thread for some 0.65 s and 128 MiB at N = 2^17, the cost of old hashes. */
export function isRightScrypt(normalized: string, { N, r, p, salt, key }: Scrypt): boolean {
  // node:crypto counts a little beside the 128 * N * r bytes.
  const maxmem = 128 * N * r + 1024 * 1024 * (p + 1);
  return timingSafeEqual(scryptSync(normalized, salt, key.length, { N, r, p, maxmem }), key);
}
