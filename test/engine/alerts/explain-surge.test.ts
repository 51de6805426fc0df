import { describe, expect, test } from '@jest/globals';
import { explainSurge, type Shares, type SurgeReport } from '../../../src/engine/alerts/explain-surge.ts';

const ANSWERS = { growth: 380, cachedShare: 0.92, refusedShare: 0.08, workers: 2, maxWorkers: 2, limit: 'CPU' };
const shares = (counts: Record<string, number>): Shares =>
  Object.entries(counts).map(([name, count]) => ({ name, count }));

/** A usual five minutes: 1,000 requests, half of them to the main page. */
const BEFORE: SurgeReport = {
  seconds: 300,
  requests: 1_000,
  sources: shares({ direct: 600, 'search.example': 300, 'news.example': 100 }),
  paths: shares({ '/': 500, '/posts': 300, '/posts/launch': 10, '/about': 190 }),
  networks: shares({ '192.0.2.0/24': 10, '198.51.100.0/24': 10 }),
  bots: 30,
};
/** Adds what a surge brings to the usual. */
function with_(
  more: { sources?: Record<string, number>; paths?: Record<string, number>; networks?: Record<string, number> },
  requests = 3_800,
): SurgeReport {
  const add = (usual: Shares, extra: Record<string, number> = {}): Shares => {
    const counts = new Map(usual.map(({ name, count }) => [name, count]));
    for (const [name, count] of Object.entries(extra)) counts.set(name, (counts.get(name) ?? 0) + count);
    return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count);
  };
  return {
    seconds: 300,
    requests: BEFORE.requests + requests,
    sources: add(BEFORE.sources, more.sources),
    paths: add(BEFORE.paths, more.paths),
    networks: add(BEFORE.networks, more.networks),
    bots: Math.round((BEFORE.requests + requests) * 0.03),
  };
}

describe('the sentence of a surge', () => {
  test('names the referrer and the page', () => {
    const now = with_({
      sources: { 'news.example': 2_698, direct: 1_102 },
      paths: { '/posts/launch': 2_432, '/': 1_368 },
    });
    expect(explainSurge(ANSWERS, now, BEFORE)).toBe(
      '+380 % against the 5 minutes before, 71 % of it from news.example, 64 % to /posts/launch, 3 % bots; 92 % answered from the cache; 2 of 2 workers, the limit is CPU; visitors: 8 % asked to wait.',
    );
  });

  test('names one page without a source', () => {
    const now = with_({
      sources: { direct: 2_280, 'search.example': 1_140, 'news.example': 380 },
      paths: { '/posts/launch': 3_420, '/': 380 },
    });
    expect(explainSurge(ANSWERS, now, BEFORE)).toContain('before, no single source, 90 % to /posts/launch, 3 % bots;');
  });

  test('names one network', () => {
    const now = with_({
      sources: { direct: 3_800 },
      paths: { '/': 1_900, '/posts': 1_140, '/about': 760 },
      networks: { '203.0.113.0/24': 3_420 },
    });
    expect(explainSurge(ANSWERS, now, BEFORE)).toContain(
      'before, 90 % of it from the network 203.0.113.0/24, 3 % bots;',
    );
  });

  test('says that there is no single source of a mix that is as it always is, only more', () => {
    const now = with_({
      sources: { direct: 2_280, 'search.example': 1_140, 'news.example': 380 },
      paths: { '/': 1_900, '/posts': 1_140, '/posts/launch': 38, '/about': 722 },
      networks: { '192.0.2.0/24': 38, '198.51.100.0/24': 38 },
    });
    expect(explainSurge(ANSWERS, now, BEFORE)).toBe(
      '+380 % against the 5 minutes before, no single source, 3 % bots; 92 % answered from the cache; 2 of 2 workers, the limit is CPU; visitors: 8 % asked to wait.',
    );
  });

  test('says what the server knows where nobody counted the visitors', () => {
    expect(explainSurge({ ...ANSWERS, refusedShare: 0, limit: null })).toBe(
      '+380 % against the 5 minutes before; 92 % answered from the cache; 2 of 2 workers, nothing limits; visitors: nobody asked to wait.',
    );
  });
});
