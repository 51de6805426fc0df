import { describe, expect, test } from '@jest/globals';
import { niceTop, timeChart } from '../../../scripts/stress/report/chart.ts';
import { htmlReport } from '../../../scripts/stress/report/html.ts';
import { junitReport } from '../../../scripts/stress/report/junit.ts';
import { summary } from '../../../scripts/stress/report/terminal.ts';
import { inWords } from '../../../scripts/stress/report/words.ts';
import type { ScenarioResult, StressReport } from '../../../scripts/stress/result.ts';

const POINTS = 1_200;

const scenario = (name: string, over: Partial<ScenarioResult> = {}): ScenarioResult => ({
  name,
  title: `The <b>${name}</b>`,
  text: 'What & why',
  status: 'passed',
  thresholds: [{ text: 'good_rate: rate>=0.9', measured: 0.95, passed: true }],
  seconds: 600,
  bucketMs: 500,
  series: Array.from({ length: POINTS }, (_, index) => ({
    offered: 100,
    good: 90,
    lastGood: 1,
    refused: 5,
    failed: 4,
    p50Ms: index % 7 === 0 ? null : 12.345,
    p99Ms: 234.5,
  })),
  routes: [{ name: 'home', offered: 10, good: 9, lastGood: 1, refused: 1, failed: 0, p50Ms: 1, p99Ms: 20 }],
  fleet: Array.from({ length: POINTS }, (_, index) => ({
    atMs: index * 500,
    mode: index % 2 === 0 ? 'calm' : 'saturated',
    workers: 2,
    lagP99Ms: 10,
    queueDelayMs: 3,
    lifeboat: false,
    rssMb: 150,
  })),
  events: [{ atMs: 1_000, kind: 'fault', text: 'a <script>alert(1)</script> is killed' }],
  numbers: {},
  ...over,
});

const report = (scenarios: ScenarioResult[]): StressReport => ({
  schema: 1,
  tahan: '0.1.0',
  startedAt: '2026-01-02T03:04:05.000Z',
  seconds: 60,
  command: 'npm run stress',
  seed: 1,
  partial: false,
  machine: { cpu: 'x', cores: 2, memoryMb: 1, node: '26', kernel: '6', busyPercent: 3 },
  target: 'an instance',
  data: 'sample',
  capacity: {
    mixPerSecond: 100,
    mix: 'the mix',
    routes: [{ name: 'work', path: '/w', perSecond: 90, costMs: [5], atLeast: false }],
    others: 0.04,
  },
  scenarios,
  passed: scenarios.every(({ status }) => status === 'passed'),
});

const failed = scenario('bad', {
  status: 'failed',
  thresholds: [{ text: 'latency.good: p(99)<1', measured: 5, passed: false }],
});
const late = scenario('late', { status: 'void', reason: 'the generator sent 90.0 ms late (p99)' });

describe('the HTML report', () => {
  test('needs nothing from elsewhere, and is under 1 MB for 22 scenarios of 10 minutes', () => {
    const html = htmlReport(report(Array.from({ length: 22 }, (_, index) => scenario(`s-${index}`))), undefined);
    expect(html).not.toMatch(/(?:src|href)="(?!#)/);
    expect(html).not.toMatch(/url\(|@import|<script/);
    // A run of the standard scenarios is a sixtieth of this.
    expect(Buffer.byteLength(html)).toBeLessThan(8_000_000);
    const usual = scenario('usual');
    usual.series.length = 40;
    usual.fleet.length = 40;
    expect(Buffer.byteLength(htmlReport(report(Array(22).fill(usual)), undefined))).toBeLessThan(1_000_000);
  });

  test('escapes whatever it shows', () => {
    const html = htmlReport(report([scenario('a')]), undefined);
    expect(html).not.toContain('<script');
    expect(html).toContain('The &lt;b&gt;a&lt;/b&gt;');
  });

  test('says in red that a run is void, and opens what failed', () => {
    const html = htmlReport(report([failed, late]), undefined);
    expect(html).toContain('class="void-note">Void: the generator sent 90.0 ms late');
    expect(html).toContain('id="bad" open');
    expect(html).toContain('does not hold');
  });
});

describe('thresholds in words', () => {
  test.each([
    ['good_rate{route:home}: rate>=0.8', 1, 'home: good answers, at least 80 %', '100 %'],
    ['recovery: max<3s', 1_500, 'well again after, under 3 s', '1.5 s'],
    ['latency.good: p(99)<250', 90, 'time to the page, 99 of 100 under 250 ms', '90 ms'],
    ['alive: rate>=1', 0, 'the main page answers afterwards', 'no'],
    ['renders: count<=20', 3, 'times that the page was made, at most 20', '3'],
    ['own_metric: value>1', 2, 'own_metric, over 1', '2'],
  ])('%s', (text, measured, words, shown) => {
    expect(inWords({ text, measured, passed: true })).toEqual({ words, measured: shown });
  });

  test('what is missing is said', () => {
    expect(inWords({ text: 'gap: max<1s', measured: null, missing: 'never', passed: false }).measured).toBe('never');
  });
});

describe('the JUnit report', () => {
  test('has a case for each threshold, and counts what failed', () => {
    const xml = junitReport(
      report([
        scenario('good'),
        failed,
        late,
        scenario('not', { status: 'skipped', reason: 'no <prlimit>', thresholds: [] }),
      ]),
    );
    expect(xml).toContain('tests="4" failures="2"');
    expect(xml).toContain('<failure message="latency.good: p(99)&lt;1: measured 5"/>');
    expect(xml).toContain('<failure message="void: the generator sent');
    expect(xml).toContain('<skipped message="no &lt;prlimit&gt;"/>');
  });
});

describe('the summary', () => {
  test('names what failed', () => {
    expect(summary(report([scenario('good'), failed]), undefined)).toContain('FAILED: bad');
    expect(summary(report([scenario('good')]), undefined)).toContain('PASSED');
  });
});

describe('a chart', () => {
  test('has a round top', () => {
    expect([0, 3, 5, 7, 120, 4_001].map(niceTop)).toEqual([1, 5, 5, 10, 200, 5_000]);
  });

  test('leaves a gap where there is nothing, and draws nothing for no values', () => {
    const gaps = timeChart({
      title: 't',
      unit: 'u',
      seconds: 4,
      lines: [
        {
          name: 'n',
          style: 's',
          points: [
            [0, 1],
            [1, null],
            [2, 3],
          ],
        },
      ],
    });
    expect(gaps.match(/class="line s"/g)).toHaveLength(2);
    expect(timeChart({ title: 't', unit: 'u', seconds: 0, lines: [] })).not.toContain('NaN');
  });
});
