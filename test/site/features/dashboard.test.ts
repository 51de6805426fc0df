import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ACTIVITY_KINDS, type ActivityDay, type ActivityKind } from '../../../src/site/data/types.ts';
import { activityChart } from '../../../src/site/features/dashboard/chart.ts';
import * as tasks from '../../../src/site/tasks/index.ts';
import { Browser } from '../browser.ts';
import { addUser, signIn } from '../people.ts';
import { type SiteServer, siteServer } from '../site-server.ts';

let running: SiteServer;
let browser: Browser;
let userId: number;
const control = { signal: new AbortController().signal };

beforeAll(async () => {
  running = await siteServer();
  const { dataDir } = running.context.settings;
  userId = addUser(dataDir, 'edna', 'editor');
  browser = new Browser(running.server);
  await signIn(browser, 'edna');
});
afterAll(() => running.stop());

describe('the activity', () => {
  test('that was collected is in the chart and in the export', async () => {
    const { dataDir } = running.context.settings;
    await tasks.savePost(
      { dataDir, actorId: userId, title: '=SUM(A1:A9), "quoted"', markdown: 'x', tags: [], publish: { mode: 'now' } },
      control,
    );
    await browser.get('/posts/sum-a1-a9-quoted');
    const csv = await browser.get('/dashboard/activity.csv');
    expect(csv.type).toBe('text/csv');
    expect(csv.headers['content-disposition']).toBe('attachment; filename="activity-edna.csv"');
    const lines = csv.text.trimEnd().split('\r\n');
    expect(lines[0]).toBe('time,what,post,title');
    expect(lines.at(-1)).toMatch(/^\d{4}-.*Z,read,sum-a1-a9-quoted,"'=SUM\(A1:A9\), ""quoted"""$/);
    expect((await browser.get('/dashboard')).text).toMatch(/<svg class="chart"/);
  });

  test('of many rows comes in parts, each asked for when the one before was taken', async () => {
    const { dataDir } = running.context.settings;
    // Over two days, as only so many events of a day are kept one by one.
    const event = (index: number) => ({ userId, kind: 'read' as const, at: Date.now() - (index % 2) * 86_400_000 });
    for (let batch = 0; batch < 3; batch += 1)
      await tasks.recordActivity({ dataDir, events: Array.from({ length: 400 }, (_, index) => event(index)) }, control);
    const csv = await browser.get('/dashboard/activity.csv');
    expect(csv.text.trimEnd().split('\r\n').length).toBeGreaterThan(1_200);
    expect(csv.headers['content-length']).toBeUndefined();
  });

  test('of others cannot be had', async () => {
    const visitor = new Browser(running.server);
    expect((await visitor.get('/dashboard/activity.csv')).headers.location).toBe(
      '/login?next=%2Fdashboard%2Factivity.csv',
    );
  });
});

describe('the chart', () => {
  const day = (index: number, counts: Partial<Record<ActivityKind, number>>): ActivityDay => ({
    day: `2026-03-${String(index + 1).padStart(2, '0')}`,
    counts: Object.fromEntries(ACTIVITY_KINDS.map((kind) => [kind, counts[kind] ?? 0])) as Record<ActivityKind, number>,
  });

  test('of days without activity has lines and no bars', () => {
    const chart = activityChart(Array.from({ length: 30 }, (_, index) => day(index, {})));
    expect(chart.lines.map(({ label }) => label)).toEqual(['0', '2', '4']);
    expect(chart.days.every(({ parts }) => parts.length === 0)).toBe(true);
  });

  test.each([
    [4, '4'],
    [5, '10'],
    [11, '20'],
    [21, '40'],
    [99, '100'],
    [1_001, '2000'],
  ])('with %i on the busiest day goes up to %s', (most, top) => {
    expect(activityChart([day(0, { read: most })]).lines.at(-1)!.label).toBe(top);
  });

  test('stacks bars within its frame', () => {
    const chart = activityChart([day(0, { read: 3, like: 2 }), day(1, { write: 10 })]);
    for (const { x, width, parts } of chart.days) {
      expect(x + width).toBeLessThanOrEqual(chart.width);
      for (const { y, height } of parts) {
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y + height).toBeLessThanOrEqual(chart.base + 0.1);
      }
    }
    expect(chart.totals).toEqual({ 'sign-in': 0, read: 3, like: 2, write: 10 });
  });
});
