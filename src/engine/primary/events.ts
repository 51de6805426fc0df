import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import type { Downward, Mode } from '../beats.ts';
import { endOf, type PlannedEvent } from '../events/event.ts';
import { eventFile, readEvents, writeJson } from '../events/file.ts';
import { FORCE_MS, forceFile } from '../events/force.ts';
import { type EventPlan, eventPlan } from '../events/plan.ts';
import type { RoomAccount } from '../room/account.ts';
import { type EventReport, Increments, reportAtStart, reportLine } from './event-report.ts';
import type { WorkerView } from './view.ts';

/** How often the file of events is looked at, and the plan carried out, ms. */
const LOOK_EVERY_MS = 1_000;
/** How often the report of an event that goes on is written, ms. */
const WRITE_EVERY_MS = 10_000;
export interface EventsParts {
  account: RoomAccount;
  log: Logger;
  /** Tells every worker. */
  tell: (message: Downward) => void;
}

export interface Events {
  readonly plan: EventPlan;
  /** Pages that people ask for most: made ready besides those of the event. */
  setAsked: (paths: readonly string[]) => void;
  /** What workers are to know, for a new one. */
  readonly message: Downward;
  /** The settings with as many workers as an event wants. */
  settings: (config: Config) => Config;
  /** Why the fleet must not reload now; undefined: it may. */
  held: (dataDir: string) => string | undefined;
  /** `now`: epoch ms. */
  tick: (config: Config, workers: readonly WorkerView[], mode: Mode, now: number) => void;
}

/** Carries the plan of the events out: it is made anew each second from the file and the clock, so nothing can be missed. */
export function createEvents({ account, log, tell }: EventsParts): Events {
  let plan = eventPlan([], 0);
  let events: readonly PlannedEvent[] = [];
  let seen = '';
  let lookedAt = Number.NEGATIVE_INFINITY;
  let wroteAt = 0;
  let asked: readonly string[] = [];
  let told = messageOf(plan, asked);
  const reports = new Map<string, EventReport>();
  const announced = new Set<string>();
  const increments = new Increments();
  let derived: { from: Config; config: Config } | undefined;

  const read = (dataDir: string): void => {
    try {
      const { mtimeMs, size, ino } = statSync(eventFile(dataDir), { throwIfNoEntry: false }) ?? {};
      const version = `${mtimeMs} ${size} ${ino}`;
      if (version === seen) return;
      seen = version;
      events = readEvents(dataDir);
    } catch (error) {
      // What was known before stays.
      log.error({ error: (error as Error).message }, 'the events cannot be read: those known before stay');
    }
  };

  const follow = (dataDir: string, workers: readonly WorkerView[], mode: Mode, now: number, passedMs: number): void => {
    const { arrived, completed, refused } = increments.take(workers);
    const serving = workers.filter(({ state }) => state === 'serving').length;
    const write = now - wroteAt >= WRITE_EVERY_MS;
    for (const event of events) {
      if (!plan.active.includes(event.id)) continue;
      let report = reports.get(event.id);
      if (report === undefined) {
        report = reportBefore(dataDir, event.id) ?? reportAtStart(event, now);
        reports.set(event.id, report);
        log.info(
          { event: event.id, pages: event.pages },
          `event "${event.name}" at ${event.at}: the server makes itself ready`,
        );
      }
      report.arrived += arrived;
      report.completed += completed;
      report.refused += refused;
      report.mostWaiting = Math.max(report.mostWaiting, account.waiting);
      report.mostWorkers = Math.max(report.mostWorkers, serving);
      report.modes[mode] += passedMs;
      if (write) save(dataDir, report);
    }
    if (write) wroteAt = now;
    for (const [id, report] of reports) {
      if (plan.active.includes(id)) continue;
      report.endedAt = now;
      reports.delete(id);
      save(dataDir, report);
      log.info({ event: id, report: reportFile(dataDir, id) }, reportLine(report));
    }
  };

  const save = (dataDir: string, report: EventReport): void => {
    try {
      writeJson(reportFile(dataDir, report.id), report);
    } catch (error) {
      log.error({ error: (error as Error).message }, 'the report of the event cannot be written');
    }
  };

  const announceDryRuns = (now: number): void => {
    for (const event of events) {
      if (!event.dryRun || announced.has(event.id)) continue;
      const would = eventPlan([{ ...event, dryRun: false }], now);
      if (!would.armed || now >= endOf(event)) continue;
      announced.add(event.id);
      log.info({ event: event.id }, `event "${event.name}": dry run, nothing is done`);
    }
  };

  return {
    get plan() {
      return plan;
    },
    get message() {
      return told;
    },
    setAsked(paths) {
      // While an event goes on its pages are not made again and again as the order of the others changes.
      if (!plan.floor || asked.length === 0) asked = paths;
    },
    settings(config) {
      if (!plan.floor || config.workersMin === config.workersMax) return config;
      if (derived?.from !== config) derived = { from: config, config: { ...config, workersMin: config.workersMax } };
      return derived.config;
    },
    held(dataDir) {
      if (!plan.steady) return undefined;
      const forced = statSync(forceFile(dataDir), { throwIfNoEntry: false });
      if (forced !== undefined && Date.now() - forced.mtimeMs < FORCE_MS) return undefined;
      return `the event ${plan.names.map((name) => `"${name}"`).join(', ')} goes on; reload --force does it all the same`;
    },
    tick(config, workers, mode, now) {
      const passedMs = now - lookedAt;
      // A clock that was set back must not stop the looks.
      if (passedMs < LOOK_EVERY_MS && passedMs >= 0) return;
      lookedAt = now;
      read(config.dataDir);
      plan = eventPlan(events, now);
      account.keepArmed(plan.armed);
      account.setHold(plan.hold);
      follow(config.dataDir, workers, mode, now, Math.min(Math.max(0, passedMs), 5 * LOOK_EVERY_MS));
      announceDryRuns(now);
      const message = messageOf(plan, asked);
      if (JSON.stringify(message) === JSON.stringify(told)) return;
      told = message;
      tell(message);
    },
  };
}

const messageOf = ({ floor, pages }: EventPlan, asked: readonly string[]): Downward => ({
  type: 'event',
  active: floor,
  pages: [...pages],
  asked: floor ? asked.filter((path) => !pages.includes(path)) : [],
});

const reportFile = (dataDir: string, id: string): string => join(dataDir, `event-${id}.json`);

/** The report that was begun before a restart. */
function reportBefore(dataDir: string, id: string): EventReport | undefined {
  try {
    const found = JSON.parse(readFileSync(reportFile(dataDir, id), 'utf8')) as EventReport;
    return found.endedAt === null ? found : undefined;
  } catch {
    return undefined; // there is none: the event begins
  }
}
