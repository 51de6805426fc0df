import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { addToIncident, beginIncident, type Incident } from '../../../../src/engine/monitor/incidents/incident.ts';
import { IncidentFiles, MAX_BYTES, MAX_INCIDENTS } from '../../../../src/engine/monitor/incidents/incident-files.ts';
import { createFlightRecorder } from '../../../../src/engine/monitor/incidents/recorder.ts';
import { reportHtml, reportMarkdown } from '../../../../src/engine/monitor/incidents/render.ts';
import type { IncidentReport } from '../../../../src/engine/monitor/incidents/story.ts';
import { openTrafficDb, type TrafficDb } from '../../../../src/engine/monitor/traffic-db.ts';
import type { Sample } from '../../../../src/engine/monitor-sample.ts';
import { sampleOf } from '../../alerts/sample.ts';

const T0 = 1_800_000_000_000;
let folder: string;
let db: TrafficDb;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-incidents-'));
  db = openTrafficDb(folder, () => {});
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

const hard = (second: number, rest: Partial<Sample> = {}): Sample =>
  sampleOf(
    T0 + second * 1_000,
    { fresh: 50, refused: 40, site: 10 },
    {
      mode: 'saturated',
      reason: 'queue delay 200 ms on worker-1',
      limiting: 'loop',
      refusedWhere: [{ route: '/posts/:slug', count: 40 }],
      refusedWhy: { queue: 40 },
      ...rest,
    },
  );
const calm = (second: number): Sample => sampleOf(T0 + second * 1_000, { fresh: 5 });

describe('the flight recorder', () => {
  const watch = () => {
    const ended: Incident[] = [];
    return { ended, recorder: createFlightRecorder({ db, onEnd: (incident) => ended.push(incident) }) };
  };
  const feed = (
    { recorder }: ReturnType<typeof watch>,
    from: number,
    to: number,
    make: (second: number) => Sample,
  ): void => {
    for (let second = from; second < to; second++) recorder.look(make(second), [], []);
  };

  test('writes an incident down two minutes after it is over, once', () => {
    const watched = watch();
    feed(watched, 0, 10, calm);
    feed(watched, 10, 40, hard);
    feed(watched, 40, 160, calm);
    expect(watched.ended).toEqual([]);
    feed(watched, 160, 400, calm);
    expect(watched.ended).toMatchObject([
      {
        why: 'saturated: queue delay 200 ms on worker-1',
        from: T0 + 9_000,
        until: T0 + 39_000,
        refusedWhere: { '/posts/:slug': 30 * 40 },
      },
    ]);
  });

  test('takes what comes and goes for one incident, and a second of it for none', () => {
    const watched = watch();
    feed(watched, 0, 1, hard);
    feed(watched, 1, 200, calm);
    expect(watched.ended).toEqual([]);
    for (let begin = 200; begin < 500; begin += 100) {
      feed(watched, begin, begin + 5, hard);
      feed(watched, begin + 5, begin + 100, calm);
    }
    feed(watched, 500, 700, calm);
    expect(watched.ended).toHaveLength(1);
  });

  test('begins with a critical alert, and not again while that only goes on', () => {
    const watched = watch();
    watched.recorder.look(calm(0), ['disk'], ['disk']);
    for (let second = 1; second < 9_000; second += 5) watched.recorder.look(calm(second), [], ['disk']);
    expect(watched.ended).toMatchObject([{ why: 'critical alert disk', alerts: ['disk'] }]);
  });

  test('goes on with an incident in which its process died', () => {
    feed(watch(), 0, 30, hard);
    const after = watch();
    feed(after, 40, 50, hard);
    feed(after, 50, 300, calm);
    expect(after.ended).toMatchObject([{ from: T0 - 1_000, until: T0 + 49_000 }]);
  });
});

const reportOf = (second: number, why = 'saturated: <script>alert(1)</script>'): IncidentReport => {
  let incident = beginIncident(hard(second), why);
  for (let each = second; each < second + 30; each++)
    incident = { ...addToIncident(incident, hard(each)), until: T0 + each * 1_000 };
  return {
    incident,
    site: 'Tahan & co',
    version: '1',
    writtenAt: T0,
    history: {
      stepMs: 1_000,
      at: [T0, T0 + 1_000, T0 + 2_000],
      series: { 'rate.fresh': [1, null, 3], 'lag.p99': [null, null, null] },
    },
    events: [{ at: T0 + 1_000, kind: 'scale', text: 'scale up 1 -> 2: "queue" <delay>' }],
    visitors: {
      seconds: 30,
      requests: 3_000,
      sources: [{ name: 'news.example', count: 2_100 }],
      paths: [{ name: '/posts/launch', count: 1_900 }],
      networks: [],
      bots: 90,
    },
  };
};

describe('the report', () => {
  test('is one HTML file that needs nothing else, and runs nothing', () => {
    const html = reportHtml(reportOf(0));
    expect(html).not.toMatch(/<script|<link|<img|src=|https?:\/\/|url\(|@import|NaN|undefined/);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html.match(/<svg /g)).toHaveLength(5);
  });

  test('says in words what came, from where, what visitors got, what limited it and what to change', () => {
    const text = reportMarkdown(reportOf(0));
    for (const words of [
      'From: news.example 70 %.',
      'To: /posts/launch 63 %.',
      'Of 3,000 requests: 50 % a cached page, 10 % a page made for them, 0 % the last good copy, 40 % were asked to wait, 0 % an error.',
      'the CPU (event loops of the workers), in 30 s of it.',
      'Let /posts/:slug be cached, or make it cheaper',
      '\\<script\\>',
    ])
      expect(text).toContain(words);
  });

  test('is listed and read back, and an id is no path', () => {
    const files = new IncidentFiles(folder);
    expect(files.list()).toEqual([]);
    files.write(reportOf(0));
    const [listed] = files.list();
    expect(listed).toMatchObject({ worst: 'saturated', from: T0 - 1_000 });
    expect(files.read(listed!.id, 'md')).toContain('What limited it');
    expect([files.read('../traffic', 'json'), files.read('2026-01-01T000000Z', 'html')]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('is one of so many: the oldest goes', () => {
    const files = new IncidentFiles(folder);
    for (let index = 0; index < MAX_INCIDENTS + 3; index++) files.write(reportOf(index * 60));
    const listed = files.list();
    expect([listed.length, listed.at(-1)!.from]).toEqual([MAX_INCIDENTS, T0 + 3 * 60_000 - 1_000]);
    expect(readdirSync(join(folder, 'incidents'))).toHaveLength(MAX_INCIDENTS * 3);
  });

  test('takes so much of the disk, with the others: the oldest goes', () => {
    const files = new IncidentFiles(folder);
    for (let index = 0; index < 4; index++) {
      files.write(reportOf(index * 60));
      // As long as a third of what is allowed, without taking it.
      truncateSync(files.path(files.list()[0]!.id, 'md'), Math.ceil(MAX_BYTES / 3));
    }
    files.write(reportOf(240));
    expect(files.list().map(({ from }) => (from + 1_000 - T0) / 60_000)).toEqual([4, 3, 2]);
  });

  test('names so many routes, the others together', () => {
    let incident = beginIncident(hard(0), 'saturated');
    for (let second = 1; second <= 150; second++)
      incident = addToIncident(incident, hard(second, { refusedWhere: [{ route: `/r${second}`, count: 2 }] }));
    const { refusedWhere } = incident;
    expect(Object.keys(refusedWhere).length).toBeLessThanOrEqual(101);
    expect(Object.values(refusedWhere).reduce((sum, count) => sum + count)).toBe(300);
  });
});
