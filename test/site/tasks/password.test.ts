import { scryptSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { CURRENT_COST } from '../../../src/site/tasks/argon2.ts';
import { hash, isSlow, verify } from '../../../src/site/tasks/password.ts';
import { oldHash } from '../old-hash.ts';

const CHEAP = { memoryKib: 64, passes: 1, parallelism: 1 };
const SALT = 'A'.repeat(22);
const KEY = 'A'.repeat(43);

/** Processor time of `work`, µs; of the shortest of some runs, as other programs share the caches. */
function cpu(work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}

describe('a password', () => {
  test('is hashed at the cost that OWASP names, with its parameters in the hash', () => {
    const hashed = hash('correct horse');
    expect(hashed).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(verify('correct horse', hashed)).toEqual({ right: true, outdated: false });
    expect(isSlow(hashed)).toBe(false);
  });

  test('is right by a hash that another program made (the documentation of argon2-cffi)', () => {
    const foreign = '$argon2id$v=19$m=65536,t=3,p=4$MIIRqgvgQbgj220jfp0MPA$YfwJSVjtjSU0zzV/P3S9nnQ/USre2wvJMjfCIjrTQbg';
    expect(verify('correct horse battery staple', foreign)).toEqual({ right: true, outdated: true });
    expect(verify('correct horse battery', foreign).right).toBe(false);
    expect(isSlow(foreign)).toBe(true);
  });

  test('has another hash each time', () => expect(hash('same', CHEAP)).not.toBe(hash('same', CHEAP)));

  test('is right whatever way its accents are written, and wrong otherwise', () => {
    const hashed = hash('caf\u00e9', CHEAP);
    expect(verify('cafe\u0301', hashed, CHEAP).right).toBe(true);
    expect(verify('cafe', hashed, CHEAP).right).toBe(false);
    expect(verify('', hashed, CHEAP).right).toBe(false);
  });

  test.each([{ memoryKib: 65 }, { passes: 2 }, { parallelism: 2 }])(
    'hashed at another cost (%j) is right, and to be hashed anew',
    (other) => {
      expect(verify('x', hash('x', { ...CHEAP, ...other }), CHEAP)).toEqual({ right: true, outdated: true });
    },
  );

  test('of a hash at a higher cost is slow to check, at a lower one it is not', () => {
    expect(isSlow(hash('x', { ...CHEAP, passes: 2 }), CHEAP)).toBe(true);
    expect(isSlow(hash('x', { ...CHEAP, memoryKib: 32 }), CHEAP)).toBe(false);
  });

  test.each([4, 14])('of an old scrypt hash (ln=%i) is right, slow to check, and to be hashed anew', (ln) => {
    const old = oldHash('caf\u00e9', ln);
    expect(isSlow(old)).toBe(true);
    expect(verify('cafe\u0301', old)).toEqual({ right: true, outdated: true });
    expect(verify('cafe', old)).toEqual({ right: false, outdated: false });
  });

  test('hashed with more lanes than allowed is not honoured', () => {
    expect(verify('x', hash('x', { ...CHEAP, parallelism: 4 }), CHEAP).right).toBe(true);
    expect(verify('x', hash('x', { ...CHEAP, parallelism: 5 }), CHEAP).right).toBe(false);
  });

  test.each([
    undefined,
    '*',
    '',
    'plain',
    '$2b$10$x',
    // At these costs a key would be asked for that no attempt may make us work for.
    `$scrypt$ln=99,r=8,p=1$${SALT}$${KEY}`,
    `$scrypt$ln=21,r=8,p=1$${SALT}$${KEY}`,
    `$scrypt$ln=20,r=9,p=1$${SALT}$${KEY}`,
    `$scrypt$ln=4,r=8,p=17$${SALT}$${KEY}`,
    `$scrypt$ln=0,r=8,p=1$${SALT}$${KEY}`,
    `$argon2id$v=19$m=262145,t=1,p=1$${SALT}$${KEY}`,
    `$argon2id$v=19$m=64,t=17,p=1$${SALT}$${KEY}`,
    `$argon2id$v=19$m=15,t=1,p=2$${SALT}$${KEY}`,
    `$argon2id$v=19$m=64,t=0,p=1$${SALT}$${KEY}`,
    `$argon2i$v=19$m=64,t=1,p=1$${SALT}$${KEY}`,
  ])('is never right for %j, and the check is quick', (hashed) => {
    expect(verify('', hashed, CHEAP)).toEqual({ right: false, outdated: false });
    expect(isSlow(hashed, CHEAP)).toBe(false);
  });

  test.each([
    ['nobody', undefined],
    ['an account that cannot sign in', '*'],
    ['a hash above the bounds', `$scrypt$ln=21,r=8,p=1$${SALT}$${KEY}`],
  ])('of %s takes the work of a current one', (_who, hashed) => {
    const current = hash('x');
    const known = cpu(() => verify('y', current));
    // A skipped hash would be a thousandth.
    expect(cpu(() => verify('y', hashed))).toBeGreaterThan(known / 3);
  });
});

test('the old hash of the tests is what versions before argon2id made', () => {
  const [, , , salt, key] = oldHash('x', 10).split('$');
  const made = scryptSync('x', Buffer.from(salt!, 'base64'), 32, { N: 1024, r: 8, p: 1 });
  expect(made.toString('base64')).toBe(`${key}=`);
  expect(CURRENT_COST).toEqual({ memoryKib: 19_456, passes: 2, parallelism: 1 });
});
