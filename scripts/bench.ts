import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { calibrate } from '../src/site/features/lab/burn.ts';
import { measureCapacity } from './bench/capacity.ts';
import { barChart } from './bench/report/chart.ts';
import { section, withSection } from './bench/report/document.ts';
import { type Conditions, type MedianRow, medians } from './bench/report/results.ts';
import { markdownTables } from './bench/report/table.ts';
import { versionsOf } from './bench/report/versions.ts';
import type { Bench, Row, Scenario } from './bench/scenario.ts';
import { clients } from './bench/scenarios/clients.ts';
import { core } from './bench/scenarios/core.ts';
import { cost } from './bench/scenarios/cost.ts';
import { crash, reload, steady } from './bench/scenarios/fleet.ts';
import { generator } from './bench/scenarios/generator.ts';
import { journeys } from './bench/scenarios/journeys.ts';
import { kill } from './bench/scenarios/kill.ts';
import { launch } from './bench/scenarios/launch.ts';
import { monitor } from './bench/scenarios/monitor.ts';
import { pages } from './bench/scenarios/pages.ts';
import { pool } from './bench/scenarios/pool.ts';
import { recovery } from './bench/scenarios/recovery.ts';
import { rest } from './bench/scenarios/rest.ts';
import { scale } from './bench/scenarios/scale.ts';
import { surge } from './bench/scenarios/surge.ts';
import { tax } from './bench/scenarios/tax.ts';
import { upstream } from './bench/scenarios/upstream.ts';
import { SERVERS } from './bench/servers/all.ts';
import { busyPercent, placement } from './load/cores.ts';

const SCENARIOS: readonly Scenario[] = [
  pages,
  surge,
  recovery,
  kill,
  rest,
  scale,
  reload,
  crash,
  steady,
  core,
  cost,
  launch,
  pool,
  upstream,
  clients,
  journeys,
  tax,
  monitor,
  generator,
];
/** Over this much other work, percent of all cores, a run is not quiet. */
const QUIET_PERCENT = 10;
const ROOT = new URL('../', import.meta.url);

const USAGE = `npm run bench -- <scenario> [options]
npm run bench -- all --write        every scenario, and docs/benchmarks.md with it: takes hours

Scenarios:
${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(10)} ${title}`).join('\n')}

Options:
  --runs N        runs, whose medians are shown (3)
  --seconds N     seconds of each measured point (10)
  --capacity N    capacity C, requests per second, instead of measuring it
  --only a,b      only these servers: ${SERVERS.map(({ name }) => name).join(', ')}
  --write         write the section of docs/benchmarks.md and its chart
`;

interface Asked {
  scenarios: readonly Scenario[];
  runs: number;
  seconds: number;
  only: string[] | undefined;
  capacity: number | undefined;
  write: boolean;
}

/** The command line; undefined when it cannot be used. */
function readArguments(): Asked | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      capacity: { type: 'string' },
      write: { type: 'boolean' },
    },
  });
  const scenarios = positionals[0] === 'all' ? SCENARIOS : SCENARIOS.filter(({ name }) => name === positionals[0]);
  const runs = Number(values.runs ?? 3);
  const seconds = Number(values.seconds ?? 10);
  const capacity = values.capacity === undefined ? undefined : Number(values.capacity);
  const only = values.only?.split(',');
  const known = only?.every((name) => SERVERS.some((kind) => kind.name === name)) ?? true;
  const within = (value: number, max: number): boolean => Number.isInteger(value) && value >= 1 && value <= max;
  if (
    scenarios.length === 0 ||
    positionals.length !== 1 ||
    !within(runs, 20) ||
    !within(seconds, 120) ||
    !known ||
    !within(capacity ?? 1, 10_000)
  )
    return undefined;
  return { scenarios, runs, seconds, only, capacity, write: values.write === true };
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function runAll(
  scenario: Scenario,
  { runs, seconds, only, capacity: given }: Asked,
): Promise<{ all: Row[][] } & Pick<Conditions, 'capacities' | 'labRate' | 'busyBefore'>> {
  const labRate = calibrate();
  const capacities: number[] = [];
  const busyBefore: number[] = [];
  const all: Row[][] = [];
  const told = new Set<string>();
  for (let run = 1; run <= runs; run += 1) {
    say(`${scenario.name}: run ${run} of ${runs}`);
    const busy = await busyPercent(1_000);
    busyBefore.push(busy);
    if (busy > QUIET_PERCENT)
      say(`  the machine is ${busy.toFixed(0)} % busy with other work: the numbers will show that, too`);
    let capacity: Promise<number> | undefined;
    const bench: Bench = {
      seconds,
      labRate,
      run,
      say,
      capacity() {
        capacity ??= (given === undefined ? measureCapacity(labRate, seconds) : Promise.resolve(given)).then(
          (measured) => {
            capacities.push(measured);
            say(`  C = ${measured.toFixed(0)} requests/s`);
            return measured;
          },
        );
        return capacity;
      },
      pick: (wanted) =>
        wanted.filter((kind) => {
          if (only !== undefined && !only.includes(kind.name)) return false;
          const missing = kind.missing();
          if (missing !== undefined && !told.has(kind.name)) {
            told.add(kind.name);
            say(`  ${kind.title} is left out: ${missing}`);
          }
          return missing === undefined;
        }),
    };
    all.push(await scenario.run(bench));
  }
  return { all, capacities, labRate, busyBefore };
}

async function writeDocument(scenario: Scenario, conditions: Conditions, rows: readonly MedianRow[]): Promise<void> {
  const { chart } = scenario;
  let chartFile: string | undefined;
  if (chart !== undefined) {
    chartFile = `img/bench-${scenario.name}.svg`;
    await mkdir(new URL('docs/img/', ROOT), { recursive: true });
    const charted = rows.filter((row) => chart.cases(row.case) && chart.value in row.values);
    await writeFile(new URL(`docs/${chartFile}`, ROOT), barChart(scenario.title, chart.unit, chart.value, charted));
  }
  const file = new URL('docs/benchmarks.md', ROOT);
  const before = existsSync(file) ? await readFile(file, 'utf8') : undefined;
  await writeFile(file, withSection(before, scenario.name, section(scenario, conditions, rows, chartFile)));
}

/** Measures one scenario, shows and keeps its numbers, and writes its section. */
async function carryOut(scenario: Scenario, asked: Asked): Promise<void> {
  const { runs, seconds, write } = asked;
  const { all, ...found } = await runAll(scenario, asked);
  const rows = medians(all);
  const conditions: Conditions = {
    command: `npm run bench -- ${[scenario.name, ...process.argv.slice(3)].join(' ')}`,
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    placement: placement(),
    node: process.versions.node,
    versions: versionsOf(rows.map(({ server }) => server)),
    runs,
    seconds,
    ...found,
  };
  process.stdout.write(
    `\n${scenario.title}\n${conditions.cpu}; ${conditions.placement}; medians of ${runs} run(s) of ${seconds} s\n\n`,
  );
  process.stdout.write(`${markdownTables(scenario, rows)}\n`);
  const results = new URL('bench/results/', ROOT);
  await mkdir(results, { recursive: true });
  const file = new URL(`${scenario.name}-${new Date().toISOString().replaceAll(':', '-')}.json`, results);
  await writeFile(file, `${JSON.stringify({ conditions, medians: rows, runs: all }, null, 2)}\n`);
  if (write) await writeDocument(scenario, conditions, rows);
}

async function main(): Promise<number> {
  const asked = readArguments();
  if (asked === undefined) {
    say(USAGE);
    return 64; // EX_USAGE
  }
  const failed: string[] = [];
  for (const scenario of asked.scenarios) {
    try {
      await carryOut(scenario, asked);
    } catch (error) {
      // The others have hours behind them and before them: the section of this one stays as it was.
      say(`${scenario.name} failed: ${error instanceof Error ? error.message : String(error)}`);
      failed.push(scenario.name);
    }
  }
  if (failed.length > 0) say(`not measured: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

// An interrupted bench ends its servers: their end is tied to `exit`.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(130));
process.exitCode = await main();
