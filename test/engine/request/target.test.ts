import { expect, test } from '@jest/globals';
import { toOriginForm } from '../../../src/engine/request/target.ts';
import { startWorker } from './fixtures/worker.ts';

test.each([
  ['/posts?a=1', '/posts?a=1', 'h'],
  ['http://Example.org/posts?a=1', '/posts?a=1', 'Example.org'],
  ['HTTPS://example.org:8443/', '/', 'example.org:8443'],
  ['http://example.org', '/', 'example.org'],
  ['http://example.org?a=http://b/c', '/?a=http://b/c', 'example.org'],
  ['http://[::1]:3000/posts', '/posts', '[::1]:3000'],
  ['http://example.org//a', '//a', 'example.org'],
  ['/posts#x?a=1', '/posts', 'h'],
  ['http://example.org/posts#x', '/posts', 'example.org'],
  ['//example.org/posts', '//example.org/posts', 'h'],
  // Nothing that a site would route either.
  ['*', '*', 'h'],
  ['http:///posts', 'http:///posts', 'h'],
  ['http://user@example.org/posts', 'http://user@example.org/posts', 'h'],
  ['ftp://example.org/posts', 'ftp://example.org/posts', 'h'],
])('the target %s is %s of %s', (url, origin, host) => {
  const request = { url, headers: { host: 'h' } };
  toOriginForm(request);
  expect(request).toEqual({ url: origin, headers: { host } });
});

test('a target in absolute form is the page of its path, and the site sees it in origin form', async () => {
  const seen: (string | undefined)[] = [];
  const worker = await startWorker({
    site: {
      handler: ({ url, headers }, response) => {
        seen.push(url, headers.host);
        response.end('page');
      },
      policies: [{ route: '/a', cache: { ttlMs: 60_000 } }],
    },
  });
  try {
    expect((await worker.get('/a')).headers['cache-status']).toBe('tahan; fwd=miss');
    expect((await worker.get('http://example.org/a')).headers['cache-status']).toMatch('tahan; hit');
    await worker.get('http://example.org/b?c=1');
    expect(seen).toEqual(['/a', 'localhost', '/b?c=1', 'example.org']);
  } finally {
    await worker.close();
  }
});
