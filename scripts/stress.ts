import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { readConfig } from '../src/config.ts';
import { readEvents } from '../src/engine/events/file.ts';
import { eventPlan } from '../src/engine/events/plan.ts';
import { readEnvironment } from '../src/environment.ts';
import { calibrate } from '../src/site/features/lab/burn.ts';
import { busyPercent } from './load/cores.ts';
import { allScenarios } from './stress/all-scenarios.ts';
import { compareReports, readReport } from './stress/compare.ts';
import { OF_THE_APP, prepareData } from './stress/instance.ts';
import { readOptions, type StressOptions } from './stress/options.ts';
import { startProgress } from './stress/progress.ts';
import { htmlReport } from './stress/report/html.ts';
import { junitReport } from './stress/report/junit.ts';
import { summary } from './stress/report/terminal.ts';
import { hasPassed, type StressReport, wasDisturbed } from './stress/result.ts';
import { expectedSeconds, type Found, mixText, runAll } from './stress/run.ts';

const USAGE = `Usage: npm run stress -- [options], or tahan stress [app.js] [options]
The storm on purpose: starts an instance of its own with a copy of the data, finds what it can do, and runs scenarios
with a verdict. Exit code 0: every threshold holds; 1: one does not; 64: the options cannot be used;
75: try again later, as an event goes on here, or the machine was too busy with other work to judge.

  --smoke             the most telling scenarios, a minute in all
  --only NAME         only this scenario (again for more, or separated by commas)
  --runs N            each scenario N times, so that --compare knows the noise (default 1)
  --report FILE.html  the report; default stress-report.html
  --json FILE         the same as data
  --junit FILE        the verdicts for CI
  --compare OLD.json  what became better or worse since that run
  --force             also while an event goes on (npm run event -- list)
  --seed N            other arrivals, the same ones for the same number (default 1)
  --route PATH        these pages in the place of the standard mix
  --app FILE          this app in the place of the built-in site (tahan stress gives it); its arguments behind --
  --journey FILE      visits of a site of your own: a module with "export default", or a HAR file
  --target URL        a server of this machine that runs already, such as http://127.0.0.1:3000
  --i-own-this-host HOST  with --target: another machine that is yours; the load is capped, and each request says what it is`;

const EX_USAGE = 64;
/** sysexits.h: try again later. */
const EX_TEMPFAIL = 75;
/** `tahan stress` calls itself so. */
const COMMAND = process.env.TAHAN_INTERNAL_STRESS_AS ?? 'npm run stress --';
const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(): Promise<number> {
  const scenarios = await allScenarios();
  const { options, mistakes } = readOptions(
    process.argv.slice(2),
    scenarios.map(({ name }) => name),
  );
  if (options.help) {
    process.stdout.write(`${USAGE}\n\nScenarios: ${scenarios.map(({ name }) => name).join(', ')}\n`);
    return 0;
  }
  const old = options.compare === undefined ? undefined : await readReport(options.compare);
  if (typeof old === 'string') mistakes.push(`--compare ${options.compare}: ${old}`);
  if (mistakes.length > 0) {
    for (const mistake of mistakes) say(`stress: ${mistake}`);
    return EX_USAGE;
  }
  const held = options.force ? undefined : heldByEvent();
  if (held !== undefined) {
    say(`stress: ${held}`);
    return EX_TEMPFAIL;
  }
  const chosen = scenarios.filter(({ name, smoke }) =>
    options.only.length > 0 ? options.only.includes(name) : !options.smoke || smoke === true,
  );
  const report = await run(options, chosen);
  const comparison = old === undefined || typeof old === 'string' ? undefined : compareReports(old, report);
  await writeReports(options, report, comparison);
  process.stdout.write(summary(report, comparison));
  if (report.partial) return 130;
  if (comparison?.verdict === 'worse') return 1;
  if (wasDisturbed(report)) return EX_TEMPFAIL;
  return report.passed ? 0 : 1;
}

async function run(options: StressOptions, chosen: Awaited<ReturnType<typeof allScenarios>>): Promise<StressReport> {
  const startedAt = new Date();
  const began = performance.now();
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (interrupt.signal.aborted) process.exit(130);
      say('\nstress: ends here; the report will have what was measured so far');
      interrupt.abort();
    });
  const busy = await busyPercent(500);
  if (busy > 30) say(`This machine is ${busy.toFixed(0)} % busy with other work: the numbers will show that, too.`);
  const { dataDir, version } = readConfig(readEnvironment().env);
  const data = options.app === undefined ? await prepareData(dataDir) : OF_THE_APP;
  const expected = expectedSeconds(options, chosen);
  const progress = startProgress(expected);
  progress.say(
    `${chosen.length} scenario(s), ${(Math.min(expected, options.smoke ? 60 : expected) / 60).toFixed(1)} min in all; Ctrl-C ends with what there is`,
  );
  const found: Found = {
    capacity: { mixPerSecond: undefined, mix: mixText(options), routes: [], others: 0 },
    scenarios: [],
  };
  const env = workersFor(availableParallelism());
  let partial = false;
  try {
    await runAll(
      { options, scenarios: chosen, data, labRate: calibrate(), env, progress, interrupt: interrupt.signal },
      found,
    );
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    partial = true;
  } finally {
    progress.end();
    await data.remove();
  }
  return {
    schema: 1,
    tahan: version,
    startedAt: startedAt.toISOString(),
    seconds: (performance.now() - began) / 1000,
    command: `${COMMAND} ${process.argv.slice(2).join(' ')}`.trim(),
    seed: options.seed,
    partial,
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryMb: Math.round(totalmem() / 1_048_576),
      node: process.versions.node,
      kernel: release(),
      busyPercent: busy,
    },
    target: options.target === undefined ? 'an instance of its own' : `${options.target.host}:${options.target.port}`,
    data: options.target === undefined ? data.text : 'as it is there',
    ...found,
    passed: hasPassed({ ...found, partial }),
  };
}

/** Why no storm is to be made on this machine now. */
function heldByEvent(): string | undefined {
  const { names, steady } = eventPlan(readEvents(readConfig(readEnvironment().env).dataDir), Date.now());
  return steady
    ? `the event ${names.map((name) => `"${name}"`).join(', ')} goes on: its visitors need this machine; --force does it all the same`
    : undefined;
}

/** As many workers as a small server has, whatever the machine: so that losing one is something. */
function workersFor(cores: number): Record<string, string> {
  const workers = String(Math.max(1, Math.min(cores, 4)));
  return { TAHAN_WORKERS_MIN: workers, TAHAN_WORKERS_MAX: workers };
}

async function writeReports(
  options: StressOptions,
  report: StressReport,
  comparison: ReturnType<typeof compareReports> | undefined,
): Promise<void> {
  const html = options.html ?? 'stress-report.html';
  await writeFile(html, htmlReport(report, comparison));
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report)}\n`);
  if (options.junit !== undefined) await writeFile(options.junit, junitReport(report));
  say(`report: ${resolve(html)}`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(`stress: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
