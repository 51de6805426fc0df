import { describe, expect, test } from '@jest/globals';
import { judge, scorecard, verdictBy } from '../../../scripts/bench/goals.ts';
import { barChart } from '../../../scripts/bench/report/chart.ts';
import { withSection } from '../../../scripts/bench/report/document.ts';
import { medians } from '../../../scripts/bench/report/results.ts';
import { markdownTables, shown } from '../../../scripts/bench/report/table.ts';
import { versionsOf } from '../../../scripts/bench/report/versions.ts';
import type { Row } from '../../../scripts/bench/scenario.ts';
import { rendersPerTtl } from '../../../scripts/bench/scenarios/core.ts';
import { mostWithin } from '../../../scripts/bench/scenarios/fleet.ts';
import { recoveryMs } from '../../../scripts/bench/scenarios/recovery.ts';
import { secondWorkerMs } from '../../../scripts/bench/scenarios/scale.ts';
import { readWrk } from '../../../scripts/bench/wrk.ts';

const row = (value: number | null, over: Partial<Row> = {}): Row => ({
  server: 'Tahan',
  case: '10x',
  values: { good: value },
  ...over,
});

describe('medians over runs', () => {
  test('are made row by row, without void runs', () => {
    const [made] = medians([[row(90)], [row(80)], [row(10, { void: 'late' })], [row(100)]]);
    expect(made).toMatchObject({ values: { good: 90 }, runs: 3 });
    expect(made).not.toHaveProperty('void');
  });

  test('keep servers and cases apart', () => {
    expect(medians([[row(1), row(2, { server: 'Koa' }), row(3, { case: '2x' })]])).toHaveLength(3);
  });

  test('a row with void runs only stays void', () => {
    expect(medians([[row(1, { void: 'late' })]])[0]).toMatchObject({ void: 'late', runs: 0 });
  });

  test('what never happened counts as worst', () => {
    expect(medians([[row(null)], [row(5)], [row(null)]])[0]!.values.good).toBeNull();
    expect(medians([[row(null)], [row(5)], [row(6)]])[0]!.values.good).toBe(6);
  });
});

test('the table shows void rows as void, and a verdict where the scenario has one', () => {
  const text = markdownTables({ verdict: () => 'met' }, medians([[row(97.25), row(1, { case: '5x', void: 'late' })]]));
  expect(text).toContain('| 10x  | Tahan  | 97.3 |     met |');
  expect(text).toContain('| 5x   | Tahan  | void |    void |');
});

test('numbers are shown as people read them', () => {
  expect([shown(12_345.6), shown(0.125), shown(99.95), shown(0), shown(null)]).toEqual([
    '12,346',
    '0.13',
    '100.0',
    '0',
    'never',
  ]);
});

test('a section of the document replaces its former self, and leaves the others alone', () => {
  const section = (name: string, text: string): string => `<!-- begin ${name} -->\n${text}\n<!-- end ${name} -->\n`;
  const first = withSection(withSection(undefined, 'a', section('a', 'ninety')), 'b', section('b', 'two'));
  const second = withSection(first, 'a', section('a', 'three'));
  expect(second).not.toContain('ninety');
  expect(second.indexOf('three')).toBeLessThan(second.indexOf('two'));
  expect(second.match(/<!-- begin/g)).toHaveLength(2);
});

test('versions of the servers beside it stand where one was measured', () => {
  expect(versionsOf(['Tahan', 'node:http'])).toMatch(/^Tahan [\d.]+$/);
  expect(versionsOf(['Tahan', 'Koa + toobusy-js'])).toMatch(/koa \d.*toobusy-js \d/);
});

test('the chart draws a bar per row, and escapes what it shows', () => {
  const svg = barChart('A & B', '%', 'good', medians([[row(50), row(100, { server: 'K<oa' })]]));
  expect(svg.match(/<rect x="190"[^>]*height="14"/g)).toHaveLength(2);
  expect(svg).toContain('A &#38; B');
  expect(svg).not.toContain('K<oa');
});

describe('recovery', () => {
  const bucket = (offered: number, good: number) => ({
    offered,
    good,
    lastGood: 0,
    refused: 0,
    failed: 0,
    accepted: [],
  });

  test('is the time after which no request fails any more', () => {
    expect(recoveryMs([bucket(9, 0), bucket(5, 4), bucket(5, 5), bucket(3, 2), bucket(5, 5)], 100, 100)).toBe(300);
    expect(recoveryMs([bucket(9, 0), bucket(5, 5), bucket(5, 5)], 100, 100)).toBe(0);
  });

  test('never came when the last requests still fail', () => {
    expect(recoveryMs([bucket(9, 0), bucket(5, 5), bucket(5, 4)], 100, 100)).toBeNull();
  });
});

describe('the second worker', () => {
  test('serves when its first answer comes; the lifeboat is none', () => {
    const watched = { 'worker-1': { firstAtMs: 3 }, lifeboat: { firstAtMs: 5 }, 'worker-2': { firstAtMs: 1_150 } };
    expect(secondWorkerMs(watched, 1_000)).toBe(150);
  });

  test('may never come', () => {
    expect(secondWorkerMs({ 'worker-1': { firstAtMs: 3 } }, 1_000)).toBeNull();
  });
});

test('renders of a hot page are counted over all that rendered it, gaps included', () => {
  expect(rendersPerTtl(['worker-1 3', 'worker-1 6', 'worker-2 1', '- -'], 10, 2)).toBe(1);
});

test('a goal is missed, met, or its aim is met', () => {
  expect(judge({ must: 90, aim: 95, more: true }, 92)).toBe('met');
  expect(judge({ must: 90, aim: 95, more: true }, 95)).toBe('aim met');
  expect(judge({ must: 2, aim: 1 }, 3)).toBe('MISSED');
  expect(judge({ must: 2, aim: 1 }, null)).toBe('MISSED');
});

test('rows with a goal get its verdict, rows of peers none; a void row keeps its reason', () => {
  const goals = { refused: { must: 1, aim: 0 } };
  const said: string[] = [];
  const { rows, add, score } = scorecard({ say: (line) => said.push(line) }, goals);
  const measured = add({ server: 'Tahan', case: '0.65 C', values: { 'refused %': 0.5 } });
  score('refused', measured, measured.values['refused %']);
  score('refused', { ...measured, void: 'late' }, null);
  expect(rows.map(verdictBy(goals))).toEqual(['', 'met', 'MISSED']);
  expect(rows[1]).toEqual({ server: 'Tahan', case: 'refused', values: { measured: 0.5, must: 1, aim: 0 } });
  expect(rows[2]!.void).toBe('late');
  expect(said).toHaveLength(3);
  expect(() => score('nothing', measured, 1)).toThrow('no goal is named "nothing"');
  const tables = markdownTables({ verdict: verdictBy(goals) }, medians([rows.slice(0, 2)]));
  const [first, second] = tables.split('\n\n');
  expect(first).not.toContain('verdict');
  expect(second).toMatch(/verdict[\s\S]*met/);
});

test("wrk's report is read with its errors", () => {
  const text =
    'Socket errors: connect 1, read 2, write 0, timeout 3\n  Non-2xx or 3xx responses: 4\nRequests/sec:  51234.56\n';
  expect(readWrk(text)).toEqual({ requestsPerSecond: 51_234.56, errors: 10 });
  expect(() => readWrk('unable to connect')).toThrow('wrk printed no rate');
});

test('the most steps within a window are those of its fullest place', () => {
  expect(mostWithin([], 100)).toBe(0);
  expect(mostWithin([0, 99, 100, 500], 100)).toBe(2);
  expect(mostWithin([0, 99, 150, 160, 500], 100)).toBe(3);
});
