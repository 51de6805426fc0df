import { describe, expect, test } from '@jest/globals';
import { CURRENT_COST, hash, verify } from '../../../src/site/tasks/password.ts';

const CHEAP = { ln: 4, r: 8, p: 1 };

describe('a password', () => {
  test('is hashed at the cost that OWASP names, with its parameters in the hash', () => {
    const hashed = hash('correct horse');
    expect(hashed).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(verify('correct horse', hashed)).toEqual({ right: true, outdated: false });
  });

  test('has another hash each time', () => expect(hash('same', CHEAP)).not.toBe(hash('same', CHEAP)));

  test('is right whatever way its accents are written, and wrong otherwise', () => {
    const hashed = hash('caf\u00e9', CHEAP);
    expect(verify('cafe\u0301', hashed, CHEAP).right).toBe(true);
    expect(verify('cafe', hashed, CHEAP).right).toBe(false);
    expect(verify('', hashed, CHEAP).right).toBe(false);
  });

  test('hashed at another cost is right, and to be hashed anew', () => {
    expect(verify('x', hash('x', { ...CHEAP, ln: 5 }), CHEAP)).toEqual({ right: true, outdated: true });
  });

  test.each([
    undefined,
    '*',
    '',
    'plain',
    '$scrypt$ln=99,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$2b$10$x',
  ])('is never right for %j', (hashed) => expect(verify('', hashed, CHEAP)).toEqual({ right: false, outdated: false }));

  test('of nobody takes the work of a real one', () => {
    const cost = { ...CURRENT_COST, ln: 14 };
    const hashed = hash('x', cost);
    const cpu = (work: () => void): number => {
      const before = process.cpuUsage();
      for (let n = 0; n < 5; n += 1) work();
      return process.cpuUsage(before).user;
    };
    const [known, unknown] = [cpu(() => verify('y', hashed, cost)), cpu(() => verify('y', undefined, cost))];
    // A skipped hash would be a thousandth.
    expect(unknown).toBeGreaterThan(known / 5);
  });
});
