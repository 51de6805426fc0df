import { describe, expect, test } from '@jest/globals';
import { readOptions } from '../../../scripts/stress/options.ts';

const read = (...args: string[]) => readOptions(args, ['steady', 'spike']);

describe('the options', () => {
  test('are read', () => {
    const { options, mistakes } = read('--smoke', '--only', 'steady,spike', '--seed=7', '--report', 'a.html');
    expect(mistakes).toEqual([]);
    expect(options).toMatchObject({
      smoke: true,
      only: ['steady', 'spike'],
      seed: 7,
      html: 'a.html',
      target: undefined,
    });
  });

  test('an app has the words behind the dashes', () => {
    expect(read('--smoke', '--app', '/a/app.js', '--', '--port', '80').options.app).toEqual({
      file: '/a/app.js',
      args: ['--port', '80'],
    });
    expect(read('--app', 'a.js', '--target', 'http://127.0.0.1:3000').mistakes).toHaveLength(1);
    expect(read('--', 'x').mistakes).toHaveLength(1);
  });

  test('a target on this machine needs nothing more', () => {
    expect(read('--target', 'http://localhost:3000').options.target).toEqual({
      host: '127.0.0.1',
      port: 3000,
      isOwn: false,
    });
  });

  test('a target elsewhere must be owned, by its name', () => {
    expect(read('--target', 'http://example.org').mistakes).toEqual([
      expect.stringContaining('--i-own-this-host example.org'),
    ]);
    expect(read('--target', 'http://example.org', '--i-own-this-host', 'example.com').mistakes).toHaveLength(1);
    const { options, mistakes } = read('--target', 'http://example.org', '--i-own-this-host', 'example.org');
    expect(mistakes).toEqual([]);
    expect(options.target).toEqual({ host: 'example.org', port: 80, isOwn: true });
  });

  test.each([
    [['--loud'], '--loud: no such option'],
    [['extra'], 'extra: there is nothing'],
    [['--only', 'nobody'], '--only nobody: no such scenario'],
    [['--seed', '-1'], '--seed'],
    [['--seed', '1.5'], '--seed 1.5: must be'],
    [['--runs', '0'], '--runs 0: must be'],
    [['--report'], '--report: needs a value'],
    [['--smoke=1'], '--smoke: takes no value'],
    [['--target', 'nonsense'], 'must be a URL'],
    [['--target', 'https://127.0.0.1'], 'must begin with http://'],
    [['--target', 'http://127.0.0.1/a'], 'must end with the port'],
    [['--route', 'prices'], '--route prices: must be a path'],
    [['--i-own-this-host', 'a'], 'goes with --target'],
  ])('%j is one line that names the mistake', (args, line) => {
    const { mistakes } = read(...args);
    expect(mistakes.join('\n')).toContain(line);
    expect(mistakes.every((mistake) => !mistake.includes('\n'))).toBe(true);
  });

  test('each mistake has its own line', () => {
    expect(read('--loud', '--only', 'x', '--runs', '99').mistakes).toHaveLength(3);
  });
});
