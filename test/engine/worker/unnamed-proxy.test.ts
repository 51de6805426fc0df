import type { IncomingMessage } from 'node:http';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { trustedProxyList } from '../../../src/config.ts';
import { watchForProxies } from '../../../src/engine/worker/unnamed-proxy.ts';

let warnings: string[];
let look: (request: Pick<IncomingMessage, 'headers' | 'socket'>) => void;
beforeEach(() => {
  warnings = [];
  look = watchForProxies(trustedProxyList(['10.0.0.1']), (line) => warnings.push(line));
});

const from = (remoteAddress: string, forwarded?: string): Pick<IncomingMessage, 'headers' | 'socket'> =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as Pick<IncomingMessage, 'headers' | 'socket'>;

describe('a proxy that is not named as trusted', () => {
  test('is told once, with the setting that names it', () => {
    for (let n = 0; n < 3; n++) look(from('::ffff:127.0.0.1', '203.0.113.9'));
    expect(warnings).toEqual([
      expect.stringMatching(/comes from 127\.0\.0\.1, .* Set TAHAN_TRUSTED_PROXIES=127\.0\.0\.1$/),
    ]);
  });

  test('is told without its address where that may be a visitor’s', () => {
    look(from('203.0.113.9', '198.51.100.7'));
    expect(warnings).toEqual([expect.stringContaining('if that is your proxy')]);
    expect(warnings[0]).not.toContain('203.0.113.9');
  });

  test('is none: a direct visitor, and a named proxy', () => {
    look(from('127.0.0.1'));
    look(from('10.0.0.1', '203.0.113.9'));
    expect(warnings).toEqual([]);
  });
});
