import { setTimeout as delay } from 'node:timers/promises';
import { percentileMs } from '../load/latencies.ts';
import { watchOthers } from '../load/others.ts';
import type { ClassReport } from '../load/tally.ts';
import { capacityOfRoutes } from './capacity.ts';
import type { Conditions } from './conditions.ts';
import { disturbance } from './disturbance.ts';
import { FAULTS } from './fault-names.ts';
import { injure } from './faults.ts';
import { type FleetWatch, watchFleet } from './fleet-watch.ts';
import { type Measured, metricsOf, seriesOf } from './measured.ts';
import type { Metrics } from './metric.ts';
import type { Point, RouteRow, ScenarioResult } from './result.ts';
import type { Part, Scenario } from './scenario.ts';
import { BUCKET_MS, GOOD_MS, holdOn, secondsOf, sendLoad } from './send-load.ts';
import { thresholdsFor } from './standard-mix.ts';
import { judge } from './thresholds/evaluate.ts';
import { parseThreshold } from './thresholds/parse.ts';

/**
 * Runs a scenario against a target, and judges it.
 * @throws {GeneratorError | FaultError}
 */
export async function runScenario(scenario: Scenario, conditions: Conditions): Promise<ScenarioResult> {
  const { target, pace, interrupt } = conditions;
  const thresholds = thresholdsFor(scenario, conditions.mix).map(parseThreshold);
  const parts = scenario.parts.map((part) => ({ ...part, seconds: part.seconds * pace }));
  const seconds = secondsOf(parts);
  let watch: FleetWatch | undefined;
  let underWay: Promise<number | undefined> = Promise.resolve(undefined);
  let slow: Promise<unknown> = Promise.resolve();
  if (scenario.slowClients !== undefined) slow = holdOn(scenario.slowClients, conditions, seconds);
  const others = watchOthers();
  const result = await sendLoad(scenario, parts, conditions, () => {
    const startedAt = Date.now();
    if (target.own !== undefined) watch = watchFleet(target.own.adminPort, startedAt);
    if (scenario.fault !== undefined) underWay = hurt(scenario, conditions, seconds, watch, startedAt);
    underWay.catch(() => {}); // told below, when the load has ended
  });
  const faultEndMs = await underWay;
  await slow;
  const taken = others();
  watch?.stop();
  interrupt.throwIfAborted();
  const alive = await isAlive(conditions);
  const peak = peakOf(parts);
  const measured: Measured = {
    classes: result.classes,
    kind: scenario.journeys === undefined ? 'route' : 'step',
    bucketMs: BUCKET_MS,
    goodMs: GOOD_MS,
    capacityOf: capacityOf(scenario, conditions),
    peak,
    wellFromMs: faultEndMs ?? peak?.toMs,
    samples: watch?.samples ?? [],
    events: watch?.events ?? [],
    checks: result.journeys?.checks ?? {},
    ...(result.journeys === undefined
      ? {}
      : { visits: { content: result.journeys.content, all: result.journeys.visitors } }),
    ...rendersOf(result.classes),
    alive,
  };
  const metrics = metricsOf(measured);
  const judged = thresholds.map((threshold) => judge(threshold, metrics));
  const failed = judged.some(({ passed }) => !passed);
  const reason = result.void ?? disturbance(judged, conditions.capacity.others, taken);
  return {
    name: scenario.name,
    title: scenario.title,
    text: scenario.text,
    status: reason === undefined ? (failed ? 'failed' : 'passed') : 'void',
    ...(reason === undefined ? {} : { reason }),
    thresholds: judged,
    seconds,
    bucketMs: BUCKET_MS,
    series: seriesOf(Object.values(result.classes)).map(
      ({ accepted, ...counts }): Point => ({
        ...counts,
        p50Ms: percentileMs(accepted, 50) ?? null,
        p99Ms: percentileMs(accepted, 99) ?? null,
      }),
    ),
    routes: Object.entries(result.classes).map(([name, report]) => routeRow(name, report)),
    fleet: measured.samples,
    events: measured.events,
    numbers: numbersOf(metrics),
    generator: { sendLagP99Ms: result.generator.sendLag.p99Ms, utilisation: result.generator.elu },
    others: { share: taken.share, atCapacity: conditions.capacity.others.share },
  };
}

function peakOf(parts: readonly Part[]): { fromMs: number; toMs: number } | undefined {
  let atMs = 0;
  let peak: { fromMs: number; toMs: number } | undefined;
  for (const part of parts) {
    const endMs = atMs + part.seconds * 1000;
    if (part.peak === true) peak = { fromMs: peak?.fromMs ?? atMs, toMs: endMs };
    atMs = endMs;
  }
  return peak;
}

/** Makes the fault when it is due; gives when it was over, ms since the start. */
async function hurt(
  { fault }: Scenario,
  { target, pace, interrupt }: Conditions,
  seconds: number,
  watch: FleetWatch | undefined,
  startedAt: number,
): Promise<number | undefined> {
  if (fault === undefined) return undefined;
  await delay(fault.at * seconds * 1000, undefined, { signal: interrupt });
  watch?.events.push({ atMs: Date.now() - startedAt, kind: 'fault', text: FAULTS[fault.name] });
  await injure(target, fault.name, fault.seconds * pace);
  const over = Date.now() - startedAt;
  if (fault.seconds > 0) watch?.events.push({ atMs: over, kind: 'fault', text: 'the fault is over' });
  return over;
}

const ALIVE_WITHIN_MS = 5_000;

/** Whether the main page is served after all that. */
async function isAlive({ to }: Conditions): Promise<boolean> {
  const until = performance.now() + ALIVE_WITHIN_MS;
  do {
    try {
      const response = await fetch(`http://${to.host}:${to.port}/`, {
        headers: { ...to.headers, connection: 'close' },
        signal: AbortSignal.timeout(2_000),
      });
      await response.arrayBuffer();
      if (response.status === 200) return true;
    } catch {
      // no answer: tried again, and false in the end
    }
    await delay(100);
  } while (performance.now() < until);
  return false;
}

/** Each route's part of the capacity. */
function capacityOf({ routes: own, journeys }: Scenario, { mix, capacity: found }: Conditions): Record<string, number> {
  if (journeys !== undefined) return {};
  const routes = own ?? mix;
  const capacity = capacityOfRoutes(routes, mix, found.perSecond);
  const shares = routes.reduce((sum, { share }) => sum + share, 0);
  return Object.fromEntries(routes.map(({ name, share }) => [name, (capacity * share) / shares]));
}

/** How often a page was made: each process counts its own. */
function rendersOf(classes: Record<string, ClassReport>): { renders?: number } {
  const seen = new Set(Object.values(classes).flatMap(({ watched }) => Object.keys(watched)));
  seen.delete('- -');
  return seen.size === 0 ? {} : { renders: seen.size };
}

function routeRow(name: string, report: ClassReport): RouteRow {
  const { offered, good, lastGood, refused, failed, late, timedOut, reset, unsent, latencies } = report;
  return {
    name,
    offered,
    good,
    lastGood,
    refused,
    failed: failed + late + timedOut + reset + unsent,
    p50Ms: percentileMs(latencies.accepted, 50) ?? null,
    p99Ms: percentileMs(latencies.accepted, 99) ?? null,
  };
}

/** Numbers by which two runs are compared. */
function numbersOf(metrics: Metrics): Record<string, number[]> {
  const numbers: Record<string, number[]> = {};
  const good = metrics.good_rate;
  const latency = metrics['latency.good'];
  if (good?.kind === 'rate' && good.total > 0) numbers['good rate'] = [good.passed / good.total];
  if (latency?.kind === 'trend') {
    for (const percentile of [50, 99]) {
      const ms = percentileMs(latency.latencies, percentile);
      if (ms !== undefined) numbers[`p${percentile} ms`] = [ms];
    }
  }
  return numbers;
}
