import { afterEach, describe, expect, test } from '@jest/globals';
import { Ahead, aheadOfAll, MAX_AHEAD_BYTES } from '../../../src/engine/request/connection/ahead.ts';

const usual = { ...aheadOfAll };
afterEach(() => {
  Object.assign(aheadOfAll, usual);
});

describe('what a client sent ahead', () => {
  test('comes out as it went in', () => {
    const ahead = new Ahead();
    expect(ahead.add(Buffer.from('abc'))).toBe(true);
    expect(ahead.add(Buffer.from('def'))).toBe(true);
    expect(String(ahead.take(4))).toBe('abcd');
    expect(String(ahead.peek())).toBe('ef');
    expect(() => ahead.take(3)).toThrow('3 of 2 bytes');
    expect(String(ahead.take(2))).toBe('ef');
    expect(ahead.peek()).toBeUndefined();
  });

  test('is bounded for a connection', () => {
    const ahead = new Ahead();
    expect(ahead.add(Buffer.alloc(MAX_AHEAD_BYTES))).toBe(true);
    expect(ahead.add(Buffer.alloc(1))).toBe(false);
    // The rest of a chunk keeps all of it in memory.
    ahead.take(MAX_AHEAD_BYTES - 1);
    expect(ahead.add(Buffer.alloc(1))).toBe(false);
    ahead.take(1);
    expect(ahead.add(Buffer.alloc(1))).toBe(true);
    ahead.clear();
  });

  test('is bounded for all connections together, and given back', () => {
    aheadOfAll.maxBytes = 1_000;
    const [one, two] = [new Ahead(), new Ahead()];
    expect(one.add(Buffer.alloc(900))).toBe(true);
    expect(two.add(Buffer.alloc(101))).toBe(false);
    expect(two.add(Buffer.alloc(100))).toBe(true);
    one.take(900);
    two.clear();
    expect(aheadOfAll.bytes).toBe(0);
    expect(usual.maxBytes).toBe(64 * 2 ** 20);
  });
});
