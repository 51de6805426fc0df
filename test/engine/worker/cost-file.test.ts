import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AdaptiveLimit } from '../../../src/engine/admission/adaptive-limit.ts';
import { RouteWork } from '../../../src/engine/admission/route-work.ts';
import { WorkUnit } from '../../../src/engine/admission/work-unit.ts';
import { compileRoutes } from '../../../src/engine/routes.ts';
import { openCostFile } from '../../../src/engine/worker/cost-file.ts';

let folder: string;
let site: URL;
const problems: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-costs-'));
  site = pathToFileURL(join(folder, 'site.js'));
  writeFileSync(site, '');
  problems.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (): string => join(folder, 'route-costs.json');
const open = (version = '1.0.0') => openCostFile(folder, site, version, (line) => problems.push(line));
const routes = compileRoutes([{ route: '/posts/:slug', methods: ['GET'] }, { route: '/quiet' }]);
async function learn(version?: string): Promise<void> {
  const works = [...routes.all, routes.unknown].map(
    () => new RouteWork(new AdaptiveLimit({ initial: 8, min: 1, max: 8 })),
  );
  const unit = new WorkUnit();
  for (const work of [works[0]!, works[2]!])
    for (let run = 0; run < 9; run += 1) {
      work.observeCost(20, run);
      unit.observe(20, run);
    }
  await open(version).keep(routes, works, { unit })();
}

test('what a worker has learned is there for the next one; what has no name of its own is not', async () => {
  expect(open()).toMatchObject({ costs: { routes: [] }, why: 'there is none' });
  await learn();
  const { costs, why } = open();
  expect(why).toBe('');
  expect(costs).toMatchObject({
    unit: { meanMs: expect.closeTo(20), ms: expect.closeTo(20) },
    routes: [{ name: 'GET /posts/:slug', costMs: expect.closeTo(20), runs: 9 }],
  });
  expect(readdirSync(folder).sort()).toEqual(['route-costs.json', 'site.js']);
});

test('of another version, release, machine or Node.js it is stale', async () => {
  await learn();
  expect(open('2.0.0')).toMatchObject({
    costs: { routes: [] },
    why: expect.stringContaining('version 1.0.0, not 2.0.0'),
  });
  const text = readFileSync(file(), 'utf8');
  for (const [name, value, why] of [
    ['cpu', 'Another', 'a Another'],
    ['cores', 999, '999 cores'],
    ['node', '1.2.3', 'Node.js 1.2.3'],
    ['site', 'elsewhere', 'another release of the site'],
    ['savedAt', 1, 'it is too old'],
  ] as const) {
    writeFileSync(file(), JSON.stringify({ ...JSON.parse(text), [name]: value }));
    expect(open()).toMatchObject({ costs: { routes: [] }, why: expect.stringContaining(why) });
  }
});

test('what is damaged or too large is nothing', () => {
  for (const [text, why] of [
    ['{', 'it cannot be read'],
    ['{"schema":1}', 'it cannot be read'],
    [' '.repeat(300_000), 'it is too large'],
  ] as const) {
    writeFileSync(file(), text);
    expect(open()).toMatchObject({ costs: { routes: [] }, why });
  }
});

test('a disk that takes nothing is told, and nothing is thrown', async () => {
  rmSync(folder, { recursive: true });
  await learn();
  expect(problems).toEqual([expect.stringContaining('could not be kept')]);
});
