import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';

/** Cost of scrypt: memory is 128 * 2^ln * r bytes. */
export interface ScryptCost {
  /** Base-2 logarithm of N. */
  ln: number;
  r: number;
  p: number;
}

/** OWASP Password Storage Cheat Sheet: N = 2^17 (128 MiB), r = 8, p = 1. */
export const CURRENT_COST: ScryptCost = { ln: 17, r: 8, p: 1 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** Costs above are never ours: a hash that asks for them is not honoured. */
const MAX_LN = 20;

const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

/** Blocks its thread for some 0.4 s at the current cost: in the pool only. Unicode is normalised (NIST SP 800-63B). */
function derive(password: string, salt: Buffer, { ln, r, p }: ScryptCost): Buffer {
  const N = 2 ** ln;
  return scryptSync(password.normalize('NFKC'), salt, KEY_BYTES, {
    N,
    r,
    p,
    maxmem: 128 * N * r + 1024 * 1024 * (p + 1),
  });
}

/** A hash in PHC form, with its parameters: `$scrypt$ln=17,r=8,p=1$salt$key`. */
export function hash(password: string, cost: ScryptCost = CURRENT_COST): string {
  const salt = randomBytes(SALT_BYTES);
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${base64(salt)}$${base64(derive(password, salt, cost))}`;
}

const NO_SALT = Buffer.alloc(SALT_BYTES);

/**
 * Whether the password is the hash's. Without a hash (unknown user, or `*`: cannot sign in) it takes as long and is false.
 * `outdated`: right, but hashed at another cost than the current one.
 */
export function verify(
  password: string,
  hashed: string | undefined,
  current: ScryptCost = CURRENT_COST,
): { right: boolean; outdated: boolean } {
  const [, ln, r, p, salt, key] = (hashed === undefined ? null : PHC.exec(hashed)) ?? [];
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  if (salt === undefined || key === undefined || cost.ln < 1 || cost.ln > MAX_LN || cost.r < 1 || cost.p < 1) {
    derive(password, NO_SALT, current);
    return { right: false, outdated: false };
  }
  const right = timingSafeEqual(derive(password, Buffer.from(salt, 'base64'), cost), Buffer.from(key, 'base64'));
  return { right, outdated: right && (cost.ln !== current.ln || cost.r !== current.r || cost.p !== current.p) };
}
