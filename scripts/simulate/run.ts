import { SCALER_DEFAULTS, type ScalerOptions } from '../../src/engine/primary/scaler/options.ts';
import { sparesWanted } from '../../src/engine/primary/scaler/spares.ts';
import { type Decision, decide, scalerAtStart } from '../../src/engine/primary/scaler.ts';
import { seeded } from './random.ts';
import type { Trace } from './traces.ts';
import { TICK_MS, Vm } from './vm.ts';

/** A decision that changed the target, and what was so at that moment. */
export interface Step extends Decision {
  atMs: number;
  before: number;
  idleCores: number;
  /** Workers that were on their way up or out. */
  underWay: number;
}

export interface Run {
  steps: Step[];
  /** Vetoes by cause, in ticks. */
  vetoes: Partial<Record<Decision['cause'], number>>;
  /** Fewest and most workers that served. */
  least: number;
  most: number;
  forks: number;
  /** Time from the trace's rise to the decision, and to the tick at which one more worker served, ms. */
  decidedMs: number | undefined;
  reactedMs: number | undefined;
  workerSeconds: number;
  /** Time in which requests were refused. */
  overloadSeconds: number;
  servedShare: number;
  /** Steps up within three minutes of a step down. */
  flaps: number;
}

const FLAP_MS = 180_000;
const NO_ONE: ReadonlySet<string> = new Set();

/** Runs the scaler on a trace; the same seed gives the same run. */
export function simulate(trace: Trace, seed: number, options: ScalerOptions = SCALER_DEFAULTS): Run {
  const vm = new Vm(trace.machine, seeded(seed));
  const { min, max, spare } = trace;
  const risesAtMs = (trace.risesAt ?? Number.POSITIVE_INFINITY) * 1_000;
  const run: Run = {
    steps: [],
    vetoes: {},
    least: max,
    most: 0,
    forks: 0,
    decidedMs: undefined,
    reactedMs: undefined,
    workerSeconds: 0,
    overloadSeconds: 0,
    servedShare: 0,
    flaps: 0,
  };
  let target = min;
  let state = scalerAtStart(0);
  let arrived = 0;
  let served = 0;
  let downAtMs = Number.NEGATIVE_INFINITY;
  let atRise = 0;

  while (vm.count('serving') < min) warmUp(vm);
  while (vm.now < trace.seconds * 1_000) {
    const turn = vm.tick(trace.load(vm.now / 1_000));
    arrived += turn.arrived;
    served += turn.served;
    if (turn.refused > 0) run.overloadSeconds += TICK_MS / 1_000;
    const serving = vm.count('serving');
    run.workerSeconds += (serving * TICK_MS) / 1_000;
    run.least = Math.min(run.least, serving);
    run.most = Math.max(run.most, serving);
    if (vm.now <= risesAtMs) atRise = serving;
    else if (serving > atRise) run.reactedMs ??= vm.now - risesAtMs;

    const host = vm.host();
    const workers = vm.views;
    const outcome = decide(
      { workers, blocked: NO_ONE, host, target, min, max, cores: trace.machine.cores, operation: undefined },
      state,
      vm.now,
      options,
    );
    state = outcome.state;
    const { decision } = outcome;
    if (decision.vetoed) run.vetoes[decision.cause] = (run.vetoes[decision.cause] ?? 0) + 1;
    if (decision.target !== target) {
      const underWay = Math.abs(target - serving) + vm.count('promoting', 'draining');
      run.steps.push({ ...decision, atMs: vm.now, before: target, idleCores: host.idleCores ?? 0, underWay });
      if (decision.target > target) {
        if (vm.now > risesAtMs) run.decidedMs ??= vm.now - risesAtMs;
        if (vm.now - downAtMs < FLAP_MS) run.flaps += 1;
        downAtMs = Number.NEGATIVE_INFINITY;
      } else if (decision.action === 'down') downAtMs = vm.now;
      target = decision.target;
    }
    run.forks += carryOut(vm, target, sparesWanted({ workers, host, target, max, spare }, options));
  }
  run.servedShare = served / Math.max(1, arrived);
  return run;
}

function warmUp(vm: Vm): void {
  if (vm.count('starting', 'spare') === 0) vm.fork();
  vm.promote();
  vm.tick(0);
}

/** What the fleet does: promote what is warm, fork what is missing, two at a time at most and spares one, drain what is too much. */
function carryOut(vm: Vm, target: number, spares: number): number {
  let short = target - vm.count('serving');
  for (; short > 0 && vm.count('spare') > 0; short--) vm.promote();
  for (; short < 0; short++) vm.drain();
  const starting = vm.count('starting');
  const places = short - starting;
  const spare = starting === 0 && short <= 0 && vm.count('spare') < spares ? 1 : 0;
  const forks = Math.max(0, Math.min(Math.max(places, spare), 2 - starting));
  for (let index = 0; index < forks; index++) vm.fork();
  return forks;
}
