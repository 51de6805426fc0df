import { describe, expect, test } from '@jest/globals';
import { isOperatorWord, OPERATOR_HELP, readOperatorWords } from '../../../src/engine/bin/operator-words.ts';

const read = (line: string) => readOperatorWords(line.split(' '));

describe('the commands of an operator', () => {
  test.each([
    ['workers 1 2', { do: 'workers', min: 1, max: 2 }],
    ['purge page /posts', { do: 'purge', what: 'page', name: '/posts', hard: false }],
    ['purge --hard tag posts', { do: 'purge', what: 'tag', name: 'posts', hard: true }],
    ['purge all', { do: 'purge-all', hard: false }],
    ['feature off /search', { do: 'feature', on: false, path: '/search' }],
    ['hold scaling on', { do: 'hold-scaling', on: true }],
    ['hold reloads off', { do: 'hold-reloads', on: false }],
    ['block 203.0.113.0/24 60', { do: 'block', network: '203.0.113.0/24', minutes: 60 }],
    ['gate 0.5', { do: 'gate', factor: 0.5 }],
    ['profile worker-2', { do: 'profile', worker: 'worker-2', seconds: 10 }],
    ['note the newsletter went out', { do: 'note', text: 'the newsletter went out' }],
  ])('tahan %s', (line, action) => expect(read(line)).toEqual(action));

  test.each([
    'workers',
    'workers 2 1',
    'workers 1 2 3',
    'purge',
    'purge everything',
    'feature maybe /x',
    'gate --hard 1',
    'block 0.0.0.0/0 5',
    'hold on',
    'note',
  ])('tahan %s is refused in a line with an example', (line) =>
    expect(read(line)).toMatch(/cannot take .*for example: tahan /),
  );

  test('each has its line in the help, and each line is one of them that can be read', () => {
    for (const [line] of OPERATOR_HELP) {
      expect(isOperatorWord(line.split(' ')[0]!)).toBe(true);
      expect([line, typeof read(line)]).toEqual([line, 'object']);
    }
  });
});
