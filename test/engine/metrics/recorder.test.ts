import { describe, expect, test } from '@jest/globals';
import { metricsDeltaSchema } from '../../../src/engine/beats.ts';
import { COUNTERS, HISTOGRAMS } from '../../../src/engine/metrics/definitions.ts';
import { MAX_EXEMPLARS, Recorder } from '../../../src/engine/metrics/recorder.ts';

describe('a recorded request of a trace', () => {
  test('is told once, the last of each route and bucket, within a bound', () => {
    const recorder = new Recorder();
    const note = (route: string, seconds: number, trace: string): void => {
      recorder.request(route, 'GET', 200, 'bypass', seconds);
      recorder.exemplar(route, seconds, trace.padStart(32, '0'));
    };
    note('/a', 0.003, 'a1');
    note('/a', 0.004, 'a2');
    note('/a', 0.4, 'a3');
    const delta = recorder.flush()!;
    expect(metricsDeltaSchema.parse(delta)).toEqual(delta);
    expect(delta.exemplars!.map(([route, trace, seconds]) => [route, trace.slice(-2), seconds])).toEqual([
      ['/a', 'a2', 0.004],
      ['/a', 'a3', 0.4],
    ]);
    for (let index = 0; index < 150; index++) note(`/${index}`, 0.001, 'b1');
    const full = recorder.flush()!;
    expect(full.exemplars).toHaveLength(MAX_EXEMPLARS);
    expect(metricsDeltaSchema.safeParse(full).success).toBe(true);
    recorder.request('/a', 'GET', 200, 'bypass', 1);
    expect(recorder.flush()!.exemplars).toBeUndefined();
  });
});

describe('a recorded request', () => {
  test('is counted under its route, method, status and cache use, and its time put into a bucket', () => {
    const recorder = new Recorder();
    recorder.request('/posts/:slug', 'GET', 200, 'fresh', 0.0004);
    recorder.request('/posts/:slug', 'GET', 200, 'fresh', 0.003);
    recorder.request('/posts/:slug', 'GET', 404, 'miss', 60);
    const delta = recorder.flush()!;
    expect(delta.counters).toEqual([
      ['http_requests_total', ['/posts/:slug', 'GET', '200', 'fresh'], 2],
      ['http_requests_total', ['/posts/:slug', 'GET', '404', 'miss'], 1],
    ]);
    const [name, labels, counts, sum] = delta.histograms[0]!;
    expect([name, labels]).toEqual(['http_request_duration_seconds', ['/posts/:slug']]);
    const at = (seconds: number): number =>
      HISTOGRAMS.http_request_duration_seconds.buckets.findIndex((bound) => seconds <= bound);
    expect(counts.flatMap((count, index) => (count > 0 ? [[index, count]] : []))).toEqual([
      [at(0.0004), 1],
      [at(0.003), 1],
      [counts.length - 1, 1],
    ]);
    expect(sum).toBeCloseTo(60.0034);
  });

  test('on a bound falls into the bucket of that bound', () => {
    const recorder = new Recorder();
    recorder.request('/', 'GET', 200, 'fresh', 0.001);
    expect(recorder.flush()!.histograms[0]![2].indexOf(1)).toBe(
      HISTOGRAMS.http_request_duration_seconds.buckets.indexOf(0.001),
    );
  });

  test('of an unheard-of method or status is counted under "other"', () => {
    const recorder = new Recorder();
    recorder.request('/', 'BREW', 200, 'bypass', 1);
    recorder.request('/', 'GET', 799, 'bypass', 1);
    expect(recorder.flush()!.counters.map(([, labels]) => labels.join(' '))).toEqual([
      '/ other 200 bypass',
      '/ GET other bypass',
    ]);
  });

  test('beyond 200 routes is counted under the route "other", and none is lost', () => {
    const recorder = new Recorder();
    for (let index = 0; index < 300; index++) recorder.request(`/route-${index}`, 'GET', 200, 'miss', 0.01);
    const { counters, histograms } = recorder.flush()!;
    expect(counters).toHaveLength(201);
    expect(counters.at(-1)).toEqual(['http_requests_total', ['other', 'GET', '200', 'miss'], 100]);
    expect(histograms.filter(([name]) => name === 'http_request_duration_seconds')).toHaveLength(201);
    expect(recorder.requests).toBe(300);
  });
});

describe('a flush', () => {
  test('gives what was counted since the one before, once', () => {
    const recorder = new Recorder();
    expect(recorder.flush()).toBeUndefined();
    recorder.count('tahan_client_gone_total', []);
    recorder.count('tahan_client_gone_total', [], 2);
    recorder.observe('tahan_pool_run_seconds', ['render'], 0.2);
    expect(recorder.flush()!.counters).toEqual([['tahan_client_gone_total', [], 3]]);
    expect(recorder.flush()).toBeUndefined();
    recorder.count('tahan_client_gone_total', []);
    expect(recorder.flush()).toEqual({
      type: 'metrics',
      counters: [['tahan_client_gone_total', [], 1]],
      histograms: [],
    });
  });

  test('gives what was added to a series that is known', () => {
    const recorder = new Recorder();
    const note = () => recorder.request('/', 'GET', 200, 'fresh', 0.001);
    note();
    note();
    expect(recorder.flush()!.counters).toEqual([['http_requests_total', ['/', 'GET', '200', 'fresh'], 2]]);
    note();
    expect(recorder.flush()!.counters).toEqual([['http_requests_total', ['/', 'GET', '200', 'fresh'], 1]]);
  });

  test('always fits into a message, however many series there are; the rest comes with the next', () => {
    const recorder = new Recorder();
    for (const name of [
      'tahan_site_errors_total',
      'tahan_deadline_exceeded_total',
      'tahan_cache_renders_total',
      'tahan_worker_restarts_total',
    ] as const) {
      for (let index = 0; index < 3_000; index++) recorder.count(name, [`value-${index}`]);
    }
    let total = 0;
    for (let delta = recorder.flush(); delta !== undefined; delta = recorder.flush()) {
      expect(metricsDeltaSchema.safeParse(delta).success).toBe(true);
      for (const [, , amount] of delta.counters) total += amount;
    }
    expect(total).toBe(12_000);
  });

  test('bounds the series of a metric: those beyond are one', () => {
    const recorder = new Recorder();
    for (let index = 0; index < 5_000; index++) recorder.count('tahan_site_errors_total', [`Error${index}`]);
    const { counters } = recorder.flush()!;
    expect(counters).toHaveLength(2_001);
    expect(counters.find(([, labels]) => labels[0] === 'other')![2]).toBe(3_000);
  });
});

test('labels that do not fit the definition are a mistake of the caller', () => {
  expect(() => new Recorder().count('tahan_client_gone_total', ['x'] as never)).toThrow(/has 0 labels, not 1/);
});

test('counters end in _total, and buckets ascend', () => {
  for (const name of Object.keys(COUNTERS)) expect(name).toMatch(/_total$/);
  for (const { buckets } of Object.values(HISTOGRAMS)) expect([...buckets].sort((a, b) => a - b)).toEqual([...buckets]);
});
