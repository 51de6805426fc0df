import { crc32 } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { pageOf, rowOf } from '../../../src/engine/cache/store-schema.ts';
import { pageFor } from './fixtures/page-of.ts';

test('a page that an older version stored is read as it was meant', () => {
  const page = pageFor('/a', { renderStartedAt: 1_234 });
  const row = rowOf(page);
  const { renderStartedAt, upstreamAgeMs, ...rest } = JSON.parse(row.head);
  expect(upstreamAgeMs).toBe(0);
  const head = JSON.stringify({ ...rest, renderedAt: renderStartedAt });
  const crc = crc32(row.identity, crc32(head, crc32(row.key)));
  expect(pageOf({ ...row, head, crc })).toEqual(page);
  expect(() => pageOf({ ...row, head })).toThrow(expect.objectContaining({ code: 'STORE_FILE' }));
});
