import { statfs } from 'node:fs/promises';
import type { Config } from '../../config.ts';
import type { AlertChange } from '../alerts/evaluate.ts';
import { explainSurge, type SurgeReport } from '../alerts/explain-surge.ts';
import { type AlertSettings, evaluateOptions } from '../alerts/file.ts';
import type { View } from '../alerts/rule.ts';
import { RULES } from '../alerts/rules.ts';
import { allOf } from '../alerts/window.ts';
import type { FromMonitor, ToMonitor } from '../monitor-messages.ts';
import type { Sample } from '../monitor-sample.ts';
import { circumstances } from '../stress/circumstances.ts';
import { type AlertNews, type Alerts, createAlerts } from './alerts/alerts.ts';
import { seedWindow } from './alerts/seed-window.ts';
import { createDiskGuard } from './disk-guard.ts';
import { History } from './history.ts';
import type { KeepMs } from './history-store.ts';
import type { Incident } from './incidents/incident.ts';
import { IncidentFiles } from './incidents/incident-files.ts';
import { AROUND_MS, createFlightRecorder } from './incidents/recorder.ts';
import { titleOf } from './incidents/story.ts';
import { channelsOf } from './messages/channels.ts';
import type { AlertMessage } from './messages/message.ts';
import { createOutbox, type Outbox } from './messages/outbox.ts';
import { RouteLatencies } from './route-latency.ts';
import { keepWithin } from './size-bound.ts';
import { StressHistory } from './stress/stress-history.ts';
import { surgeReportOf } from './traffic/surge-report.ts';
import { TrafficHistory } from './traffic/traffic-history.ts';
import { putAside, type TrafficDb } from './traffic-db.ts';

export interface MonitorLog {
  info: (fields: object, text: string) => void;
  warn: (fields: object, text: string) => void;
  error: (fields: object, text: string) => void;
}

export type MonitorConfig = Pick<
  Config,
  | 'dataDir'
  | 'version'
  | 'siteName'
  | 'publicUrl'
  | 'alertWebhook'
  | 'alertEmail'
  | 'smtpUrl'
  | 'historySecondsMin'
  | 'historyMinutesDays'
  | 'historyHoursDays'
  | 'historyMb'
  | 'incidentProfile'
>;

export interface MonitorParts {
  db: TrafficDb;
  config: MonitorConfig;
  alertSettings: AlertSettings;
  log: MonitorLog;
  /** To the primary. */
  send: (message: FromMonitor) => void;
}

/** What the monitor knows, and what happens with each message of the primary. */
export interface Monitor {
  readonly history: History;
  readonly traffic: TrafficHistory;
  readonly latencies: RouteLatencies;
  readonly alerts: Alerts;
  readonly outbox: Outbox;
  readonly incidents: IncidentFiles;
  /** The one that goes on. */
  readonly incident: Incident | undefined;
  readonly stress: StressHistory;
  take: (message: ToMonitor) => void;
  /** Tells each sample from now on. Returns how to stop that. */
  subscribe: (listener: (sample: Sample) => void) => () => void;
  /** Tells what is new of the alerts. Returns how to stop that. */
  onAlert: (listener: (news: AlertNews) => void) => () => void;
  /** Tells each message of this type. One listener per type. */
  on: <Type extends ToMonitor['type']>(
    type: Type,
    listener: (message: Extract<ToMonitor, { type: Type }>) => void,
  ) => void;
  /** Who counted the visitors of a time (epoch ms), for the who and why of a surge. */
  setSurgeReports: (report: (fromMs: number, toMs: number) => SurgeReport | undefined) => void;
  send: (message: FromMonitor) => void;
  /** Writes what is not written yet. */
  flush: () => void;
}

const MIB = 1_048_576;
const DAY_MS = 86_400_000;
const DISK_EVERY_MS = 60_000;
const REPORT_POINTS = 600;
const REPORT_EVENTS = 200;
const SURGE_MS = 300_000;
/** Of a surge that has only begun, this is looked at. */
const LAST_MS = 60_000;

export function createMonitor({ db, config, alertSettings, log, send }: MonitorParts): Monitor {
  const keepMs = keepMsOf(config);
  const history = new History(db, keepMs);
  const latencies = new RouteLatencies(db, keepMs.hours);
  const traffic = new TrafficHistory({ db, onProblem: (problem) => log.warn({ problem }, 'traffic') });
  const stress = new StressHistory(db, circumstances(config.version));
  // The monitor ends with it, and the next one begins anew: with a bad page in the file none would live for long.
  const whileFull = createDiskGuard(
    (line) => log.error({}, line),
    undefined,
    () => putAside(db.name),
  );
  const subscribers = new Set<(sample: Sample) => void>();
  const alertListeners = new Set<(news: AlertNews) => void>();
  const listeners = new Map<string, (message: never) => void>();
  const outbox = createOutbox({ db, channels: channelsOf(config), log });
  let surgeReport: (fromMs: number, toMs: number) => SurgeReport | undefined = (fromMs, toMs) =>
    surgeReportOf(traffic, fromMs, toMs, Date.now());
  let disk: View['disk'];
  let diskAt = Number.NEGATIVE_INFINITY;

  const explain = ({ rule, state, at }: AlertChange, sample: Sample): string | undefined => {
    if (rule.name !== 'surge') return undefined;
    return explainSurge(
      { growth: state.value, ...surgeAnswers(alerts, sample) },
      surgeReport(at - LAST_MS, at),
      surgeReport(at - LAST_MS - SURGE_MS, at - LAST_MS),
    );
  };
  const alerts: Alerts = createAlerts({
    db,
    rules: RULES,
    options: evaluateOptions(alertSettings),
    explain,
    onNews: (news) => outbox.add(messageOf(news, config)),
    note: (event) => history.note(event),
  });
  seedWindow(alerts.window, history.store, Date.now());

  const incidents = new IncidentFiles(config.dataDir);
  const writeReport = (incident: Incident): void => {
    const [fromMs, toMs] = [incident.from - AROUND_MS, incident.until + AROUND_MS];
    const report = {
      incident,
      site: config.siteName,
      version: config.version,
      writtenAt: Date.now(),
      history: history.query({ fromMs, toMs, points: REPORT_POINTS }),
      events: history.events({ fromMs, toMs }).slice(-REPORT_EVENTS),
      visitors: surgeReport(incident.from, incident.until),
    };
    try {
      incidents.write(report);
      log.info({ incident: incident.id }, `incident report written: ${titleOf(report)}`);
    } catch (error) {
      // A full disk is an alert of its own; the history stays, and so does the monitor.
      log.error({ incident: incident.id, error: String(error) }, 'the incident report could not be written');
    }
  };
  const recorder = createFlightRecorder({
    db,
    onBegin({ id }) {
      if (config.incidentProfile) send({ type: 'profile-incident', id });
    },
    onEnd: writeReport,
  });

  const tell = (news: AlertNews): void => {
    const fields = { alert: news.rule.name, state: news.kind };
    if (news.kind === 'resolved') log.info(fields, `alert over: ${news.rule.name}: ${news.text}`);
    else if (news.state.severity === 'critical') log.error(fields, `alert: ${news.rule.name}: ${news.text}`);
    else log.warn(fields, `alert: ${news.rule.name}: ${news.text}`);
    for (const listener of alertListeners) listener(news);
  };
  const lookAtDisk = (now: number): void => {
    if (now - diskAt < DISK_EVERY_MS) return;
    diskAt = now;
    whileFull(() => keepWithin(db, maxBytesOf(config)));
    statfs(config.dataDir).then(
      ({ bavail, blocks, bsize }) => {
        disk = { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
      },
      () => {
        disk = undefined; // not known, so not judged by
      },
    );
  };
  const takeSample = (sample: Sample): void => {
    // What comes late again (a monitor that was stopped) must not be counted twice.
    if (whileFull(() => history.add(sample)) === false) return;
    lookAtDisk(sample.at);
    whileFull(() => traffic.tick(Date.now()));
    whileFull(() => latencies.add(sample));
    const news = whileFull(() => alerts.judge(sample, { disk, stress: stress.trend })) ?? [];
    for (const each of news) tell(each);
    if (news.length > 0) void outbox.flush();
    const began = news.filter(({ kind, state }) => kind === 'firing' && state.severity === 'critical');
    whileFull(() =>
      recorder.look(
        sample,
        began.map(({ rule }) => rule.name),
        alerts.critical(),
      ),
    );
    for (const subscriber of subscribers) subscriber(sample);
  };
  void outbox.flush();

  return {
    history,
    traffic,
    latencies,
    alerts,
    outbox,
    incidents,
    get incident() {
      return recorder.current;
    },
    stress,
    take(message) {
      if (message.type === 'sample') {
        send({ type: 'pulse' });
        takeSample(message.sample);
      } else if (message.type === 'event') whileFull(() => history.note(message.event));
      else if (message.type === 'traffic') whileFull(() => traffic.add(message.batch, Date.now()));
      listeners.get(message.type)?.(message as never);
    },
    subscribe(listener) {
      subscribers.add(listener);
      return () => subscribers.delete(listener);
    },
    onAlert(listener) {
      alertListeners.add(listener);
      return () => alertListeners.delete(listener);
    },
    on(type, listener) {
      listeners.set(type, listener as (message: never) => void);
    },
    setSurgeReports(report) {
      surgeReport = report;
    },
    send,
    flush() {
      whileFull(() => traffic.flush());
      whileFull(() => latencies.flush());
    },
  };
}

/** Most that history and traffic take on the disk, bytes. */
export const maxBytesOf = ({ historyMb }: Pick<Config, 'historyMb'>): number => historyMb * MIB;

/** How long each step of the history is kept, ms. */
export const keepMsOf = ({
  historySecondsMin,
  historyMinutesDays,
  historyHoursDays,
}: Pick<Config, 'historySecondsMin' | 'historyMinutesDays' | 'historyHoursDays'>): KeepMs => ({
  seconds: historySecondsMin * 60_000,
  minutes: historyMinutesDays * DAY_MS,
  hours: historyHoursDays * DAY_MS,
});

/** What the server did with the last minute. */
function surgeAnswers({ window }: Alerts, sample: Sample) {
  const { outcomes } = window.sum(sample.at - LAST_MS, sample.at);
  const all = Math.max(1, allOf(outcomes));
  const limit = sample.limiting === 'loop' ? 'CPU' : sample.limiting === 'pool' ? 'the thread pool' : sample.limiting;
  return {
    cachedShare: (outcomes.fresh + outcomes.last_good) / all,
    refusedShare: outcomes.refused / all,
    workers: sample.workers.filter(({ state }) => state === 'serving').length,
    maxWorkers: sample.max,
    limit,
  };
}

export const messageOf = (
  { kind, state, rule, at, text }: AlertNews,
  { siteName, publicUrl }: Pick<Config, 'siteName' | 'publicUrl'>,
): AlertMessage => ({
  id: `${state.id}-${kind === 'firing' ? state.severity : 'resolved'}`,
  alert: rule.name,
  state: kind,
  severity: state.severity,
  at,
  firedAt: state.firedAt ?? at,
  text,
  sentence: rule.sentence,
  value: Math.round(state.value * 100) / 100,
  site: siteName,
  url: publicUrl,
});
