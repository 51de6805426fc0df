import { describe, expect, test } from '@jest/globals';
import { SecondHit } from '../../../src/engine/cache/second-hit.ts';

describe('the second-hit rule', () => {
  test('lets a page without a query in at once, one with a query the second time', () => {
    const rule = new SecondHit();
    expect(rule.admits('\n\n/posts')).toBe(true);
    expect(['\n\n/posts?page=2', '\n\n/posts?page=2', '\n\n/posts?page=2'].map((key) => rule.admits(key))).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('lets in fewer than one in twenty of a flood of random queries', () => {
    const rule = new SecondHit();
    let admitted = 0;
    for (let at = 0; at < 50_000; at++) if (rule.admits(`\n\n/posts?tag=${at * 7_919}`)) admitted += 1;
    expect(admitted).toBeLessThan(2_500);
  });

  test('remembers through a change of generation, and forgets in the end', () => {
    const rule = new SecondHit();
    rule.admits('\n\n/posts?page=2');
    for (let at = 0; at < 8_200; at++) rule.admits(`\n\n/a?x=${at}`);
    expect(rule.admits('\n\n/posts?page=2')).toBe(true);
    let remembered = 0;
    for (let page = 0; page < 100; page++) rule.admits(`\n\n/b?page=${page}`);
    for (let at = 0; at < 40_000; at++) rule.admits(`\n\n/c?x=${at}`);
    for (let page = 0; page < 100; page++) if (rule.admits(`\n\n/b?page=${page}`)) remembered += 1;
    expect(remembered).toBeLessThan(20);
  });
});
