import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { siteFile, startServer, stopAll, type TestServer } from '../cluster/server.ts';

const read = (name: string): string => readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');

let server: TestServer;
/** Labels of each metric, by its name in expressions. */
const known = new Set<string>();
beforeAll(async () => {
  server = await startServer({
    TAHAN_MONITOR: '1',
    TAHAN_SITE: siteFile('bare'),
    TAHAN_WORKERS_MIN: '1',
    TAHAN_WORKERS_MAX: '1',
  });
  for (const [, name = '', type] of (await server.metrics()).matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    known.add(name);
    if (type === 'histogram') for (const end of ['_bucket', '_sum', '_count']) known.add(name + end);
  }
});
afterAll(stopAll);

/** Every metric of Tahan's that an expression names. */
const metricsIn = (expression: string): string[] =>
  expression.replaceAll(/"[^"]*"/g, '').match(/\b(?:tahan|http|process)_[a-z_]+\b/g) ?? [];

interface Rules {
  groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
}
interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[];
  templating: { list: { query: string | { query: string } }[] };
  annotations: { list: { expr: string }[] };
}

describe('what is given to Prometheus and Grafana', () => {
  test('names only metrics that the running server has: rules', () => {
    const rules = (parse(read('prometheus-rules.yml')) as Rules).groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(8);
    for (const { alert, expr } of rules) {
      expect([alert, metricsIn(expr).length > 0]).toEqual([alert, true]);
      expect([alert, metricsIn(expr).filter((name) => !known.has(name))]).toEqual([alert, []]);
    }
  });

  test('names only metrics that the running server has: dashboard', () => {
    const { panels, templating, annotations } = JSON.parse(read('grafana-dashboard.json')) as Dashboard;
    const expressions = [
      ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
      ...annotations.list.map(({ expr }) => ['annotations', expr] as const),
      ...templating.list.flatMap(({ query }) =>
        typeof query === 'string' ? [] : [['variables', query.query] as const],
      ),
    ];
    expect(expressions.length).toBeGreaterThan(15);
    for (const [title, expr] of expressions) {
      expect([title, metricsIn(expr).length > 0]).toEqual([title, true]);
      expect([title, metricsIn(expr).filter((name) => !known.has(name))]).toEqual([title, []]);
    }
  });
});
