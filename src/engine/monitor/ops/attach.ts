import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Config, isOwnMachine } from '../../../config.ts';
import { actionWords, type OperatorAction } from '../../operator-action.ts';
import { operatorToken } from '../../secret.ts';
import type { ShownAlert } from '../alerts/alerts.ts';
import type { Incident } from '../incidents/incident.ts';
import { keepMsOf, type Monitor, maxBytesOf } from '../monitor.ts';
import { trafficDbBytes } from '../traffic-db.ts';
import { Errands } from './errand.ts';
import { changeEvents, plannedEvents } from './planned.ts';
import { createOps } from './server.ts';
import type { AlertView, IncidentView, OpsSource } from './source.ts';
import { TailWatch } from './tail-watch.ts';
import { ViewFile } from './view-choices.ts';

/** What a page that opens is given of the time before, ms. */
const RECENT_MS = 75_000;

/** Folder of CPU profiles in the data folder. */
export const PROFILES = 'profiles';

/**
 * The dashboard of this monitor, to be served on its socket.
 * @throws {DataFolderError} the operator's token cannot be read
 */
export function openOps(monitor: Monitor, config: Config, log: Logger): RequestListener {
  const errands = new Errands(monitor.send);
  monitor.on('action-result', (message) => errands.ended(message));
  const tail = new TailWatch(monitor.send);
  const views = new ViewFile(config.dataDir);
  const { history, alerts, incidents, traffic, latencies } = monitor;

  const act: OpsSource['act'] = async (action, by) => {
    log.info({ action, by }, 'an operator acts');
    const result = await carryOut(action, by);
    if (action.do !== 'note')
      history.note({
        at: Date.now(),
        // A purge of everything has its mark from the primary, whoever asked for it.
        kind: action.do === 'purge' && result.ok ? 'purge' : 'action',
        text: result.ok
          ? `${result.text} (By ${by}.)`
          : `${actionWords(action)}, by ${by}, was not done: ${result.text}`,
        severity: result.ok ? 'info' : 'warn',
      });
    return result;
  };
  const carryOut = async (action: OperatorAction, by: string): Promise<{ ok: boolean; text: string }> => {
    switch (action.do) {
      case 'note':
        history.note({ at: Date.now(), kind: 'note', text: action.text });
        return { ok: true, text: 'The note is on the time axis.' };
      case 'mute':
        return alerts.mute(action.alert, Date.now() + action.minutes * 60_000)
          ? { ok: true, text: `No message of ${action.alert} for ${action.minutes} min.` }
          : { ok: false, text: `There is no alert ${action.alert}.` };
      case 'event-add':
      case 'event-remove':
        return changeEvents(action, config.dataDir, Date.now());
      default:
        return errands.run(action, by);
    }
  };

  const ops = createOps({
    source: {
      latest: () => history.latest(),
      recent: () => history.samples(Date.now() - RECENT_MS, Date.now()),
      subscribe: monitor.subscribe,
      history: (query) => history.query(query),
      events: (range) => history.events(range),
      alerts: () => alerts.states().map(viewOf),
      incidents: () => [
        ...goingOn(monitor.incident),
        ...incidents.list().map(({ id, title, from, until, profile }) => ({
          id,
          startedAt: from,
          endedAt: until,
          text: title,
          profile,
        })),
      ],
      incident(id, format) {
        const text = incidents.read(id, format);
        return text === undefined
          ? undefined
          : { name: `incident-${id}.${format}`, type: REPORT_TYPES[format], body: Buffer.from(text) };
      },
      traffic: (range) => traffic.report(range),
      latency: (range) => latencies.report(range, Date.now()),
      storage: () => ({
        bytes: trafficDbBytes(history.db),
        maxBytes: maxBytesOf(config),
        keptMs: keepMsOf(config),
      }),
      view: () => views.read(),
      keepView: (choices) => views.write(choices),
      watchTail: (watched) => tail.watch(watched),
      planned: () => plannedEvents(config.dataDir, Date.now()),
      stress: () => monitor.stress.view(),
      act,
    },
    access: {
      token: operatorToken(config.dataDir, config.adminToken).token,
      openReading: isOwnMachine(config.adminHost),
    },
    profilesDir: join(config.dataDir, PROFILES),
    onError: (error) =>
      log.error({ error: error instanceof Error ? error.stack : String(error) }, 'the dashboard failed on a request'),
  });
  history.onEvent(() => ops.tellNews());
  monitor.on('tail', (message) => {
    const entries = tail.read(message);
    if (entries !== undefined) ops.tellTail(entries);
    else
      log.debug(
        { worker: message.worker },
        'requests of a worker were not shown: nobody watches, or they cannot be read',
      );
  });
  return ops.listener;
}

const goingOn = (incident: Incident | undefined): IncidentView[] =>
  incident === undefined
    ? []
    : [{ id: incident.id, startedAt: incident.from, endedAt: null, text: incident.why, profile: false }];

const viewOf = ({
  name,
  phase,
  severity,
  since,
  text,
  sentence,
  mutedUntil = 0,
  clearSince,
}: ShownAlert): AlertView => ({
  name,
  state: phase,
  severity,
  since,
  text: text || sentence,
  mutedUntil,
  quietSince: clearSince ?? null,
});

const REPORT_TYPES = {
  html: 'text/html; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  json: 'application/json; charset=utf-8',
  cpuprofile: 'application/json',
} as const;
