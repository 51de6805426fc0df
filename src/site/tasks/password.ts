import { type Argon2Cost, CURRENT_COST, hashArgon2, isRightArgon2, readArgon2, workInVain } from './argon2.ts';
import { isRightScrypt, readScrypt } from './scrypt.ts';

/** What is typed may be composed of other code points than what was typed when the password was made (NIST SP 800-63B). */
const normalize = (password: string): string => password.normalize('NFKC');

/** A hash to keep, in PHC form. Takes its thread for some 25 to 40 ms: in the pool and in scripts only. */
export const hash = (password: string, cost: Argon2Cost = CURRENT_COST): string =>
  hashArgon2(normalize(password), cost);

/**
 * Whether the check of a password against this hash takes much longer than against a current one: a hash of scrypt, of
 * the versions before argon2id, or of argon2id at a higher cost.
 */
export function isSlow(hashed: string | undefined, current: Argon2Cost = CURRENT_COST): boolean {
  if (hashed === undefined) return false;
  const cost = readArgon2(hashed)?.cost;
  if (cost === undefined) return readScrypt(hashed) !== undefined;
  return cost.memoryKib * cost.passes > current.memoryKib * current.passes;
}

/**
 * Whether the password is the hash's. Without a hash (unknown user, or `*`: cannot sign in) it is false, and takes as
 * long as with a current hash.
 * `outdated`: right, but hashed in another way than the current one.
 */
export function verify(
  password: string,
  hashed = '*',
  current: Argon2Cost = CURRENT_COST,
): { right: boolean; outdated: boolean } {
  const normalized = normalize(password);
  const argon2 = readArgon2(hashed);
  if (argon2 !== undefined) {
    const right = isRightArgon2(normalized, argon2);
    return { right, outdated: right && !isSameCost(argon2.cost, current) };
  }
  const scrypt = readScrypt(hashed);
  if (scrypt !== undefined) {
    const right = isRightScrypt(normalized, scrypt);
    return { right, outdated: right };
  }
  workInVain(normalized, current);
  return { right: false, outdated: false };
}

const isSameCost = (one: Argon2Cost, other: Argon2Cost): boolean =>
  one.memoryKib === other.memoryKib && one.passes === other.passes && one.parallelism === other.parallelism;
