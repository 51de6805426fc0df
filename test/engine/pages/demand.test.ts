import { describe, expect, test } from '@jest/globals';
import { MAX_REMEMBERED, risen, TurnedAway } from '../../../src/engine/pages/demand.ts';

test('a render rises with those who ask for it, and never falls', () => {
  expect([1, 2, 3, 7, 8, 900].map((asked) => risen('low', asked, false))).toEqual([
    'low',
    'low',
    'normal',
    'normal',
    'critical',
    'critical',
  ]);
  expect([1, 2, 3].map((asked) => risen('low', asked, true))).toEqual(['background', 'background', 'normal']);
  expect([risen('background', 3, true), risen('critical', 3, true), risen('normal', 1, true)]).toEqual([
    'normal',
    'critical',
    'normal',
  ]);
});

describe('those who were turned away', () => {
  test('count for a second, each page for itself', () => {
    let now = 0;
    const turnedAway = new TurnedAway(() => now);
    for (const at of [0, 100, 900]) {
      now = at;
      turnedAway.note('a');
    }
    turnedAway.note('b');
    expect([turnedAway.count('a'), turnedAway.count('b'), turnedAway.count('c')]).toEqual([3, 1, 0]);
    now = 1_000;
    expect(turnedAway.count('a')).toBe(2);
    now = 1_900;
    expect([turnedAway.count('a'), turnedAway.count('b'), turnedAway.size]).toEqual([0, 0, 0]);
  });

  test('are remembered of so many pages, and of so many visitors of a page', () => {
    const turnedAway = new TurnedAway(() => 0);
    for (let n = 0; n < 100; n++) turnedAway.note('hot');
    expect(turnedAway.count('hot')).toBe(8);
    turnedAway.note('old');
    for (let n = 0; n < MAX_REMEMBERED - 1; n++) {
      turnedAway.note(`${n}`);
      turnedAway.note('hot');
    }
    expect(turnedAway.size).toBe(MAX_REMEMBERED);
    expect([turnedAway.count('old'), turnedAway.count('hot'), turnedAway.count('1')]).toEqual([0, 8, 1]);
  });
});
