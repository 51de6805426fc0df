import type { Logger } from 'pino';
import type { Downward, MetricsDelta, PublicPages, Upward } from '../beats.ts';
import { ALL_PAGES } from '../cache/make-page.ts';
import { readRunQueueMs } from '../host/run-queue.ts';
import type { PortHandle } from '../link.ts';
import { createBacklogReader } from '../metrics/backlog.ts';
import { createTotals } from '../metrics/totals.ts';
import { SiteMistakesError } from '../mistakes.ts';
import { type ActionResult, actionSchema, actionWords } from '../operator-action.ts';
import { createActions } from './actions.ts';
import type { AdminSources } from './admin.ts';
import { Backoff } from './backoff.ts';
import { createCare } from './care.ts';
import { afterReload, controlsOf, type Held, NOTHING_HELD, withHeld } from './controls.ts';
import { createEvents } from './events.ts';
import { createFleet, type ExitNews, type Member } from './fleet.ts';
import { type Health, healthOf, StatusTimes } from './health.ts';
import { HoldTimes, holdsOf } from './holds.ts';
import { answering, lifeboatNeeded } from './lifeboat-call.ts';
import { createLifeboat, type Lifeboat } from './lifeboat-succession.ts';
import { MODE_DEFAULTS, modeAtStart, nextMode } from './mode.ts';
import { createModeLog } from './mode-log.ts';
import type { Release } from './release.ts';
import { createReloader } from './reload.ts';
import { createReporting, type ServerState } from './reporting.ts';
import { createRooms } from './rooms.ts';
import { createScaling } from './scaling.ts';
import type { AfterReload, Settings } from './settings.ts';
import { isBlocked, noSilence, trackSilence } from './silence.ts';
import { createExchange } from './switchboard.ts';
import { tailShare } from './tail-share.ts';
import { isServing } from './view.ts';
import { createVisitor } from './visitor.ts';

export interface SupervisorOptions {
  settings: Settings;
  /** Reads what is to run now. @throws {ConfigError | Error} */
  read: (before: Settings) => AfterReload;
  /** The server stays in the folder of this release. */
  stay: (release: Release) => void;
  /** Prepares the site, in a process of its own. @throws the reason in a line */
  prepare: (settings: Settings) => Promise<void>;
  handle: PortHandle;
  port: number;
  log: Logger;
}

export interface Supervisor {
  start: () => void;
  /** Resolves when a worker serves and the lifeboat has left. Rejects with `SiteMistakesError` when none ever can. */
  ready: Promise<void>;
  sources: AdminSources;
  reload: () => void;
  stop: () => Promise<void>;
  kill: () => void;
}

/** The primary looks at its fleet this often, ms. */
const TICK_MS = 50;
/** And while every worker rests: a death is told by the kernel, and whoever comes ends the rest. */
const RESTING_TICK_MS = 200;
/** The machine is read, and the number of workers judged, this often while they rest. */
const RESTING_STEER_MS = 1_000;
const SHOWN_STATES = ['starting', 'spare', 'promoting', 'serving', 'draining'] as const;
/** Workers are told mode and health at least this often, ms. */
const TELL_EVERY_MS = 1_000;
const RESTING_TELL_EVERY_MS = 5_000;
const ENDS = {
  not_started: 'worker could not be started',
  died_at_start: 'worker died at its start',
  died_serving: 'worker died while it served',
};
/** When a worker joins, the others let go of its part of their connections within this time, ms. */
const REBALANCE_MS = 3_000;

/** Ties fleet, lifeboat, leases, purges and metrics together: messages in, effects out, a tick for what is not said. */
export function createSupervisor({ settings, read, stay, prepare, handle, port, log }: SupervisorOptions): Supervisor {
  const now = (): number => performance.now();
  const startedAt = now();
  let current = settings;
  let { config } = settings;
  const modeOptions = () => ({
    ...MODE_DEFAULTS,
    lagMs: config.lagUpMs,
    elu: config.eluUp,
    silentMs: config.silentMs,
  });
  const totals = createTotals({
    version: config.version,
    view: () => ({
      mode: mode.mode,
      workers: Object.fromEntries(SHOWN_STATES.map((state) => [state, countOf(state)])),
      acceptBacklog: backlogAt(now()),
      lifeboatActive: lifeboat?.active ?? false,
      workersWanted: fleet.target,
      crashLoop: looping,
      tickLateP99Ms: reporting.tickLateP99Ms,
      monitorUp: reporting.monitor?.socket !== undefined,
      host: scaling.host,
      roomWaiting: rooms.account.waiting,
    }),
  });
  const modeLog = createModeLog(log, (line) => reporting.event('mode', line));
  const reporting = createReporting({
    ...settings,
    log,
    enabled: config.monitor,
    onDropped: (messages) => totals.count('tahan_monitor_dropped_total', [], messages),
    onIncident: (id) => actions.profileIncident(id),
    onTail: (forMs) => fleet.broadcast({ type: 'tail', forMs, perSecond: tailShare(countOf('serving')) }),
    onAction({ id, action, by }) {
      const answer = (result: ActionResult): void => reporting.monitor?.send({ type: 'action-result', id, ...result });
      const read = actionSchema.safeParse(action);
      if (!read.success) return answer({ ok: false, text: 'This server knows no such action.' });
      log.warn({ by }, `an operator: ${actionWords(read.data)}`);
      actions.run(read.data, answer);
    },
    onAsked: (paths) => events.setAsked(paths),
  });
  let heldNow = NOTHING_HELD;
  const holdTimes = new HoldTimes();
  const statusTimes = new StatusTimes();
  const holds = () => holdTimes.note(holdsOf(heldNow, current.config, Date.now()), Date.now());
  let backoff = new Backoff();
  const firstServing = Promise.withResolvers<void>();
  let mode = modeAtStart(now());
  let silence = noSilence(now());
  let lifeboat: Lifeboat | undefined;
  let publicPages: PublicPages | undefined;
  let looping = false;
  let lastEnd = '';
  let toldAt = Number.NEGATIVE_INFINITY;
  let toldHealth = '';
  const backlogAt = createBacklogReader(config.host, port);
  let ticking: NodeJS.Timeout | undefined;
  let tickMs = TICK_MS;
  let steeredAt = Number.NEGATIVE_INFINITY;
  let stopping = false;
  let tickedAt = now();

  const fleet = createFleet({
    handle,
    backlog: () => config.backlog,
    drain: () => ({ withinMs: config.drainMs, idleMs: Math.min(config.drainMs, config.drainIdleMs) }),
    first: settings,
    log,
    now,
    events: { message: onMessage, exit: onExit, change: () => tick(), mayFork: () => forkDelayMs() === 0 },
  });
  const exchange = createExchange({
    fleet,
    lifeboat: () => lifeboat,
    answering: () => answering(members(), silence, config.silentMs),
    now,
  });
  const scaling = createScaling({
    fleet,
    onDecision({ action, cause, reason }) {
      totals.count('tahan_scaler_decisions_total', [action, cause]);
      log.info({ scaler: config.scaler, action, cause }, reason);
      reporting.event('scale', reason);
    },
  });
  const rooms = createRooms(config);
  const events = createEvents({ account: rooms.account, log, tell: (message) => fleet.broadcast(message) });
  const care = createCare({
    fleet,
    onRecycle(member, how, words) {
      log.warn({ worker: member.name, workerPid: member.pid, how }, words);
    },
  });
  const reloader = createReloader({
    fleet,
    log,
    now,
    current: () => current,
    read() {
      if (heldNow.reloads) throw new Error('reloads are held by an operator; at /ops they can be let go');
      return read(current);
    },
    stay,
    prepare,
    held: () => events.held(config.dataDir),
    visit: createVisitor(config.host, port, () => publicPages?.mainPage ?? '/'),
    adopt,
    onEnd(state) {
      totals.count('tahan_reloads_total', [state]);
      reporting.event('reload', `reload: ${state}`, state === 'done' ? 'info' : 'warn');
    },
  });

  const actions = createActions({
    fleet,
    cores: config.cores,
    dataDir: () => config.dataDir,
    held: () => heldNow,
    hold,
    reload: () => reloader.request(),
    tell: (text, ok) => reporting.event('action', text, ok ? 'info' : 'warn'),
  });

  /** From now on this is held beside the settings. */
  function hold(next: Held): void {
    heldNow = next;
    holds();
    config = withHeld(current.config, heldNow);
    fleet.broadcast(controls());
  }
  const controls = (): Downward => ({ type: 'controls', controls: controlsOf(config, heldNow, Date.now()) });

  /** From now on the server runs with these settings; workers change by the fleet's generation. */
  function adopt(next: Settings, first: Member | undefined): void {
    current = next;
    hold(afterReload(heldNow));
    log.level = config.logLevel;
    // Crashes of the version before say nothing of this one.
    backoff = new Backoff();
    if (first?.publicPages !== undefined) setPublicPages(first.publicPages);
    if (stopping) return;
    lifeboat?.renew(next);
    reporting.renew({ ...next, enabled: config.monitor });
  }

  function onMessage(member: Member, message: Upward, given?: PortHandle): void {
    switch (message.type) {
      case 'beat':
        totals.beat(member.name, message);
        // The one that woke up may need help before the next look at the fleet.
        if (!message.resting) setRhythm(TICK_MS);
        return;
      case 'ready':
        if (!member.reserved) setPublicPages(message.publicPages);
        fleet.send(member, modeMessage());
        fleet.send(member, controls());
        exchange.joined(member);
        fleet.send(member, events.message);
        if (rooms.state !== undefined) fleet.send(member, rooms.state);
        reloader.onReady(member, message.problem);
        return;
      case 'listening':
        log.info(
          {
            worker: member.name,
            workerPid: member.pid,
            promotedMs: Math.round(now() - (member.promotedAt ?? now())),
            startedMs: Math.round(now() - member.startedAt),
          },
          'worker serves',
        );
        rebalance(member);
        return;
      case 'failed':
        if (message.mistakes) {
          // Before anybody serves, the start ends with them; later the worker's end tells them.
          firstServing.reject(new SiteMistakesError(message.reason.split('\n')));
          return;
        }
        log.error({ worker: member.name, reason: message.reason }, 'worker could not start');
        return;
      case 'errand-done':
        actions.errandDone(message);
        return;
      case 'metrics':
        count(member.name, message);
        return;
      case 'traffic':
        reporting.traffic(member.name, message.batch);
        return;
      case 'tail':
        reporting.tail(member.name, message.batch);
        return;
      case 'room':
        rooms.take(message);
        return;
      case 'scrape':
        sources.exposition(message.openMetrics).then(
          (text) => fleet.send(member, { type: 'exposition', id: message.id, text }),
          (error: unknown) => log.error({ error: String(error) }, 'the metrics could not be put together'),
        );
        return;
      case 'purge':
        if (message.tags.includes(ALL_PAGES))
          reporting.event('purge', message.hard ? 'hard purge of everything' : 'purge of everything');
        exchange.take(member, message);
        return;
      default:
        exchange.take(member, message, given);
    }
  }

  function count(process: string, delta: MetricsDelta): void {
    modeLog.count(delta);
    totals.add(delta);
    reporting.count(process, delta);
  }

  function onExit(member: Member, news: ExitNews): void {
    exchange.gone(member);
    totals.gone(member.name);
    if (news.expected) {
      log.info({ worker: member.name }, 'worker ended');
      return;
    }
    reloader.onDied(member, news.how);
    if (member.reserved) return;
    // A worker that was silent is no sign that the next one will be.
    if (member.killedFor !== 'no_progress')
      backoff.crashed(now(), { ...news, killed: news.killed && member.killedFor === undefined });
    const kind = member.pid === 0 ? 'not_started' : news.servedMs === 0 ? 'died_at_start' : 'died_serving';
    totals.count('tahan_worker_restarts_total', [member.killedFor ?? kind]);
    reporting.died(member.pid !== 0);
    reporting.event('death', `${member.name}: ${ENDS[kind]} (${news.how})`, 'warn');
    log.error(
      {
        worker: member.name,
        workerPid: member.pid,
        how: news.how,
        reason: member.failure,
        nextInMs: Math.round(forkDelayMs()),
      },
      ENDS[kind],
    );
    lastEnd = news.how;
  }

  function setPublicPages(pages: PublicPages): void {
    publicPages = pages;
    lifeboat?.setPublicPages(pages);
  }

  const forkDelayMs = (): number => backoff.delayMs(now(), !members().some(isServing));

  /** The connections that are open are all at the others: each lets the new one have its part. */
  function rebalance(newcomer: Member): void {
    const others = members().filter((member) => isServing(member) && member !== newcomer);
    for (const other of others)
      fleet.send(other, { type: 'rebalance', share: 1 / (others.length + 1), forMs: REBALANCE_MS });
  }

  const members = (): Member[] => [...fleet.members.values()];
  const runQueueMs = (name: string): number | undefined => {
    const pid = members().find((member) => member.name === name)?.pid;
    return pid === undefined || pid === 0 ? undefined : readRunQueueMs(pid);
  };
  const countOf = (state: Member['state']): number => members().filter((member) => member.state === state).length;

  const health = (): Health =>
    healthOf({
      mode: mode.mode,
      live: countOf('serving'),
      spare: countOf('spare'),
      min: config.workersMin,
      max: config.workersMax,
      lifeboat: lifeboat?.active ?? false,
      features: members()
        .filter(isServing)
        .flatMap(({ beat }) => (beat === undefined ? [] : [beat.features])),
      maintenance: heldNow.maintenance,
      sinceOf: (status) => statusTimes.sinceOf(status, Date.now()),
      uptimeSeconds: (now() - startedAt) / 1_000,
      version: config.version,
    });

  /** Workers that render beside one another, the one that is about to serve included: leases are needed from its first request. */
  const sharing = (): number => countOf('serving') + countOf('promoting');
  const modeMessage = (): Downward => {
    const { status, body } = health();
    return {
      type: 'mode',
      mode: mode.mode,
      health: body,
      httpStatus: status,
      serving: sharing(),
      lifeboat: lifeboat?.active ?? false,
    };
  };

  function tick(): void {
    if (stopping) return;
    const at = now();
    const workers = members();
    silence = trackSilence(workers, silence, at, tickMs, { floorMs: config.silentMs, runQueueMs });
    const needed = lifeboatNeeded(workers, silence, config.silentMs);
    lifeboat?.setNeeded(needed);
    // Whoever comes from now on reaches a worker.
    if (!needed && lifeboat?.active === false) firstServing.resolve();
    mode = nextMode(
      // Who rests has accepted whoever came.
      {
        workers,
        silence,
        backlog: tickMs === TICK_MS ? backlogAt(at) : undefined,
        lifeboat: lifeboat?.active ?? false,
      },
      mode,
      at,
      modeOptions(),
    );
    modeLog.look(mode, countOf('serving'), scaling.journal, at);
    reporting.mode(mode.mode, mode.reason);
    const summary = `${mode.mode} ${countOf('serving')} ${sharing()} ${lifeboat?.active}`;
    const tellEveryMs = tickMs === TICK_MS ? TELL_EVERY_MS : RESTING_TELL_EVERY_MS;
    if (summary === toldHealth && at - toldAt < tellEveryMs) return;
    toldHealth = summary;
    toldAt = at;
    const message = modeMessage();
    fleet.broadcast(message);
    lifeboat?.send(message);
  }

  /** What is decided at each tick of the clock alone: a step of the fleet must not lead to the next within one message. */
  function steer(): void {
    tick();
    if (stopping) return;
    const at = now();
    reporting.ticked(at - tickedAt - tickMs);
    tickedAt = at;
    fleet.tick();
    events.tick(config, members(), mode.mode, Date.now());
    const roomState = rooms.tick(config, members(), Date.now());
    if (roomState !== undefined) fleet.broadcast(roomState);
    watchCrashes(at);
    const rests = resting();
    setRhythm(rests ? RESTING_TICK_MS : TICK_MS);
    reporting.look(at, rests, serverState);
    if (rests && at - steeredAt < RESTING_STEER_MS) return;
    steeredAt = at;
    if (heldNow.scaling) scaling.hold(config, at);
    else scaling.tick(events.settings(config), silence, reloader.operation, at);
    care.tick(config, scaling.host, silence, reloader.operation !== undefined, at);
  }

  const serverState = (): ServerState => ({
    now: now(),
    mode,
    lifeboat: lifeboat?.active ?? false,
    backlog: backlogAt(now()),
    workers: members().map((member) => ({ ...member, blocked: !isUp(member) })),
    target: fleet.target,
    config,
    decision: scaling.journal.at(-1),
    crashLoop: looping,
    host: scaling.host,
    holds: holds(),
  });

  /** Nobody asks for anything, and nothing is to be done. */
  const resting = (): boolean =>
    reloader.operation === undefined &&
    lifeboat?.active !== true &&
    members().every(({ state, beat }) => (state === 'serving' || state === 'spare') && beat?.resting === true);

  function setRhythm(ms: number): void {
    // A beat may come while the fleet ends.
    if (stopping || ms === tickMs) return;
    tickMs = ms;
    tickedAt = now();
    clearInterval(ticking);
    ticking = setInterval(steer, ms);
  }

  function watchCrashes(at: number): void {
    const serving = members().filter(isServing);
    if (serving.length >= fleet.target)
      backoff.served(at - Math.max(...serving.map(({ servingAt }) => servingAt ?? at)));
    if (backoff.looping === looping) return;
    looping = backoff.looping;
    if (looping) log.error({ crashes: backoff.crashes, how: lastEnd }, 'alert: workers die one after the other');
    else log.info('workers are well again');
  }

  const isUp = (member: Member): boolean => !isBlocked(member, silence, config.silentMs);

  const sources: AdminSources = {
    health,
    opsSocket: () => reporting.monitor?.socket,
    exposition: totals.exposition,
    fleet: () => ({
      pid: process.pid,
      mode: mode.mode,
      why: mode.reason,
      lifeboat: { pid: lifeboat?.pid, active: lifeboat?.active ?? false },
      scaler: {
        state: heldNow.scaling ? 'held by an operator' : config.scaler,
        target: fleet.target,
        min: config.workersMin,
        max: config.workersMax,
        host: scaling.host,
        decisions: scaling.journal,
      },
      reload: reloader.report,
      crashLoop: looping,
      workers: members().map((member) => ({
        name: member.name,
        pid: member.pid,
        state: member.state,
        up: isUp(member),
        servingSeconds: member.servingAt === undefined ? 0 : Math.round((now() - member.servingAt) / 1_000),
        beat: member.beat,
      })),
    }),
  };

  return {
    ready: firstServing.promise,
    sources,
    reload: () => reloader.request(),
    start() {
      lifeboat = createLifeboat({
        ...settings,
        handle,
        backlog: () => config.backlog,
        log,
        onMessage(message, given, reply) {
          if (message.type === 'metrics') count('lifeboat', message);
          else if (message.type === 'beat') totals.beat('lifeboat', message);
          else if (message.type === 'traffic') reporting.traffic('lifeboat', message.batch);
          else exchange.takeFromLifeboat(message, given, reply);
        },
        onGone: () => exchange.lifeboatGone(),
        modeMessage,
      });
      ticking = setInterval(steer, tickMs);
      tickedAt = now();
      steer();
      reporting.start();
      reporting.event('start', `Tahan ${config.version} started`);
    },
    async stop() {
      stopping = true;
      clearInterval(ticking);
      handle.close();
      lifeboat?.stop();
      await fleet.stop();
      await reporting.stop();
    },
    kill() {
      void reporting.stop();
      lifeboat?.stop();
      fleet.kill();
    },
  };
}
