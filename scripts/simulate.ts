import { simulate } from './simulate/run.ts';
import { TRACES, traceNamed } from './simulate/traces.ts';

/** Runs the scaler on its traces and prints what it did: `node scripts/simulate.ts [trace] [seed]`; one trace alone is shown step by step. */
const [name, seedText = '1'] = process.argv.slice(2);
const seed = Number(seedText);
if (!Number.isSafeInteger(seed)) {
  console.error(`seed ${JSON.stringify(seedText)}: must be a whole number`);
  process.exit(64);
}

const ms = (value: number | undefined): string => (value === undefined ? '-' : `${Math.round(value)} ms`);
const rows = [];
for (const trace of name === undefined || name === 'all' ? TRACES : [traceNamed(name)]) {
  const startedAt = performance.now();
  const run = simulate(trace, seed);
  const count = (action: string): number => run.steps.filter((step) => step.action === action).length;
  rows.push({
    trace: trace.name,
    simulated: `${trace.seconds} s`,
    up: count('up'),
    down: count('down'),
    undo: count('undo'),
    flaps: run.flaps,
    forks: run.forks,
    decided: ms(run.decidedMs),
    serves: ms(run.reactedMs),
    'worker s': Math.round(run.workerSeconds),
    'overload s': Math.round(run.overloadSeconds),
    served: `${(run.servedShare * 100).toFixed(1)} %`,
    vetoes: Object.entries(run.vetoes)
      .map(([cause, ticks]) => `${cause} ${ticks}`)
      .join(', '),
    took: ms(performance.now() - startedAt),
  });
  if (name !== undefined && name !== 'all') {
    for (const step of run.steps) console.log(`${(step.atMs / 1_000).toFixed(1).padStart(9)} s  ${step.reason}`);
  }
}
console.table(rows);
