import { argon2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

/** Cost of argon2id (RFC 9106). */
export interface Argon2Cost {
  memoryKib: number;
  passes: number;
  parallelism: number;
}

/** OWASP Password Storage Cheat Sheet, the first choice: 19 MiB, 2 passes, 1 lane. Some 25 to 40 ms of a thread. */
export const CURRENT_COST: Argon2Cost = { memoryKib: 19_456, passes: 2, parallelism: 1 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** The most that a stored hash may ask for. Above all that the Cheat Sheet names (46 MiB with 1 pass, 7 MiB with 5). */
const MAX_COST: Argon2Cost = { memoryKib: 262_144, passes: 16, parallelism: 4 };
/** RFC 9106, section 3.1: each lane needs at least 8 KiB. */
const MIN_KIB_PER_LANE = 8;

const PHC = /^\$argon2id\$v=19\$m=(\d{1,6}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

interface Argon2 {
  cost: Argon2Cost;
  salt: Buffer;
  key: Buffer;
}

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

const derive = (normalized: string, salt: Buffer, { memoryKib, passes, parallelism }: Argon2Cost): Buffer =>
  argon2Sync('argon2id', {
    message: normalized,
    nonce: salt,
    memory: memoryKib,
    passes,
    parallelism,
    tagLength: KEY_BYTES,
  });

/** A new hash in PHC form, `$argon2id$v=19$m=19456,t=2,p=1$salt$key`. */
export function hashArgon2(normalized: string, cost: Argon2Cost): string {
  const salt = randomBytes(SALT_BYTES);
  const { memoryKib, passes, parallelism } = cost;
  const key = derive(normalized, salt, cost);
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${base64(salt)}$${base64(key)}`;
}

/** Undefined: it is no hash of argon2id, or its cost is above the bounds. */
export function readArgon2(hashed: string): Argon2 | undefined {
  const [, m, t, p, salt, key] = PHC.exec(hashed) ?? [];
  if (salt === undefined || key === undefined) return undefined;
  const cost = { memoryKib: Number(m), passes: Number(t), parallelism: Number(p) };
  const { memoryKib, passes, parallelism } = cost;
  if (memoryKib > MAX_COST.memoryKib || passes > MAX_COST.passes || parallelism > MAX_COST.parallelism)
    return undefined;
  if (passes < 1 || parallelism < 1 || memoryKib < MIN_KIB_PER_LANE * parallelism) return undefined;
  return { cost, salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64') };
}

export const isRightArgon2 = (normalized: string, { cost, salt, key }: Argon2): boolean =>
  timingSafeEqual(derive(normalized, salt, cost), key);

const NO_SALT = Buffer.alloc(SALT_BYTES);

/** The work of checking a password against a hash of this cost, for nothing. */
export function workInVain(normalized: string, cost: Argon2Cost): void {
  derive(normalized, NO_SALT, cost);
}
