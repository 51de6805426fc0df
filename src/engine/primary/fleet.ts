import cluster, { type Worker as ClusterWorker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Downward, type PublicPages, type Upward, upwardSchema } from '../beats.ts';
import { isOurs, type PortHandle } from '../link.ts';
import { onEnd } from './child-end.ts';
import { planFleet } from './fleet-plan.ts';
import type { Release } from './release.ts';
import type { WorkerView } from './view.ts';

/** The code and settings that workers start with: a reload makes a new one. */
export interface Generation {
  /** Environment of its workers. */
  env: NodeJS.ProcessEnv;
  release: Release;
}

export interface Member extends WorkerView {
  id: number;
  /** 0: no process could be started; it ends in the next turn of the loop. */
  pid: number;
  process: ClusterWorker | undefined;
  generation: Generation;
  /** When it was lent the port. */
  promotedAt: number | undefined;
  /** What the site's pages are, as it said when it was ready. */
  publicPages: PublicPages | undefined;
  /** Why it could not start, as it said itself, or why it was ended. */
  failure: string | undefined;
  /** Of a reload on trial: besides the others until its generation is the fleet's. */
  reserved: boolean;
  /** Its place is to be given to another, which serves before it leaves. */
  condemned: boolean;
  /** Leaves because its code failed. */
  crashed: boolean;
  /** Why it was killed: label of the metric. */
  killedFor: KillReason | undefined;
}

export type KillReason = 'no_progress' | 'start_timeout' | 'memory' | 'rolled_back';

export interface ExitNews {
  /** It was asked to end. */
  expected: boolean;
  /** How long it had served, ms; 0: it died at its start. */
  servedMs: number;
  /** `exit code 1`, `signal SIGKILL`, `not started: spawn EAGAIN`. */
  how: string;
  /** Ended from outside: by a person, or by the kernel for want of memory. */
  killed: boolean;
}

export interface FleetEvents {
  message: (member: Member, message: Upward, given?: PortHandle) => void;
  exit: (member: Member, news: ExitNews) => void;
  /** A worker began or ended to serve. */
  change: () => void;
  /** Whether the back-off after crashes is over. */
  mayFork: () => boolean;
}

export interface FleetOptions {
  handle: PortHandle;
  backlog: () => number;
  /** Times for a leaving worker: for its requests, and for idle connections, ms. */
  drain: () => { withinMs: number; idleMs: number };
  first: Generation;
  log: Logger;
  now: () => number;
  events: FleetEvents;
}

export interface Fleet {
  readonly members: ReadonlyMap<number, Member>;
  /** How many workers shall serve, and how many shall stand by; forks, promotes and drains to get there. */
  aim: (target: number, spares: number) => void;
  /** Call it at each tick: does what is still to be done, whatever came between. */
  tick: () => void;
  readonly target: number;
  readonly generation: Generation;
  /** Forks a worker of another generation, which is out of all counts until that generation is the fleet's. */
  tryOut: (generation: Generation) => Member;
  /** Lends the port to a warm worker. */
  promote: (member: Member) => void;
  /** Workers of every other generation give their places to workers of this one, one by one. */
  renew: (generation: Generation) => void;
  /** Gives the place of a worker to another, which serves before it leaves. */
  replace: (member: Member) => void;
  /** Ends a worker at once: whoever it answers just then is lost. */
  end: (member: Member, why: KillReason, words: string) => void;
  /** `lent`: a handle that travels with the message; it stays open here. */
  send: (member: Member, message: Downward, lent?: PortHandle) => void;
  broadcast: (message: Downward, except?: number) => void;
  /** Drains everybody and resolves when the last is gone; who is not within the drain time and a second is killed. */
  stop: () => Promise<void>;
  /** Ends everybody at once. */
  kill: () => void;
}

/** Time after the drain time in which a worker must be gone, ms. */
const DRAIN_GRACE_MS = 1_000;
/** At the server's own end nobody comes back: idle connections are closed so soon, ms. */
const STOP_IDLE_MS = 50;
/** After the kill the kernel has so long to tell of the deaths; then the server ends without having heard, ms. */
const KILLED_MS = 2_000;
const STOP_LOOK_MS = 10;

/** Signals that come from outside: of its own fault a process ends by others (SIGSEGV, SIGABRT, ...). */
const FROM_OUTSIDE: readonly (string | null)[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'];

/** Forks workers, follows their lives, and brings their number to the target. Holds no policy. */
export function createFleet(options: FleetOptions): Fleet {
  const { handle, log, now, events } = options;
  const members = new Map<number, Member>();
  let generation = options.first;
  let target = 0;
  let spares = 0;
  let stopping = false;
  let neverStarted = 0;

  /** Counts for the future: not one on trial, and not one whose place another is to take. */
  const stays = (member: Member): boolean => !member.reserved && !member.condemned && member.generation === generation;

  const send = (member: Member, message: Downward, lent?: PortHandle): void => {
    if (member.process?.isConnected() !== true) return;
    // A worker that dies with a message on its way is news for `exit`, not an error of the sender.
    member.process.send(message, lent as never, () => {});
  };

  const onMessage = (member: Member, raw: unknown, given: PortHandle | undefined): void => {
    if (!isOurs(raw)) return;
    // Most messages say no more than that the worker is there.
    if ((raw as { type: unknown }).type === 'pulse') {
      member.lastSignAt = now();
      return;
    }
    const parsed = upwardSchema.safeParse(raw);
    if (!parsed.success) {
      log.warn({ worker: member.name, problem: parsed.error.issues[0]?.message }, 'message from a worker is not valid');
      given?.close();
      return;
    }
    const message = parsed.data;
    switch (message.type) {
      case 'beat':
        member.lastSignAt = now();
        member.beat = message;
        break;
      case 'ready':
        member.publicPages = message.publicPages;
        if (member.state === 'starting') member.state = 'spare';
        break;
      case 'listening':
        if (member.state === 'promoting') {
          member.state = 'serving';
          member.servingAt = now();
          events.change();
        }
        break;
      case 'failed':
        member.failure = message.reason;
        break;
      case 'left':
        // Its code failed, and it no longer accepts: its place is free before it has ended.
        member.crashed = true;
        leaving(member, message.withinMs);
        break;
    }
    events.message(member, message, given);
    if (message.type === 'ready' || message.type === 'listening' || message.type === 'left') reconcile();
  };

  const onExit = (member: Member, how: string, signal: NodeJS.Signals | null): void => {
    if (member.pid === 0) forget(member);
    const asked = member.state === 'draining' && !member.crashed && member.killedFor === undefined;
    const news: ExitNews = {
      expected: asked || stopping || member.killedFor === 'rolled_back',
      servedMs: member.servingAt === undefined ? 0 : now() - member.servingAt,
      how,
      killed: FROM_OUTSIDE.includes(signal),
    };
    member.state = 'dead';
    members.delete(member.id);
    events.exit(member, news);
    events.change();
    reconcile();
  };

  /** node:cluster waits for the `exit` and the `disconnect` of a process that never was. */
  const forget = ({ id, process }: Member): void => {
    if (process?.isConnected() === true) process.process.disconnect();
    if (cluster.workers !== undefined) delete cluster.workers[id];
  };

  const launch = ({ env, release }: Generation): ClusterWorker | string => {
    cluster.setupPrimary({ ...release.worker, cwd: release.cwd });
    try {
      return cluster.fork({ ...env, TAHAN_INTERNAL_ROLE: 'worker' });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  /** Never throws: where the system gives no process, the member ends at once, as one that died at its start. */
  const fork = (of: Generation, reserved: boolean): Member => {
    const launched = launch(of);
    const child = typeof launched === 'string' ? undefined : launched;
    if (child === undefined) neverStarted += 1;
    const id = child?.id ?? -neverStarted;
    const member: Member = {
      id,
      name: `worker-${id}`,
      pid: child?.process.pid ?? 0,
      process: child,
      generation: of,
      state: 'starting',
      startedAt: now(),
      promotedAt: undefined,
      servingAt: undefined,
      lastSignAt: undefined,
      beat: undefined,
      publicPages: undefined,
      failure: undefined,
      reserved,
      condemned: false,
      crashed: false,
      killedFor: undefined,
    };
    members.set(id, member);
    if (child === undefined) {
      setImmediate(() => onExit(member, `not started: ${String(launched)}`, null));
      return member;
    }
    child.on('message', (raw: unknown, given: unknown) => onMessage(member, raw, given as PortHandle | undefined));
    child.on('error', (error) => {
      // Of one that could not be started it is the end, which is told below.
      if (member.pid !== 0) log.warn({ worker: member.name, error: error.message }, 'worker process error');
    });
    onEnd(child.process, (how, signal) => onExit(member, how, signal));
    return member;
  };

  const kill = (member: Member, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): void => {
    member.process?.process.kill(signal);
  };

  const promote = (member: Member): void => {
    const others = [...members.values()].some(({ state }) => state === 'serving');
    member.state = 'promoting';
    member.promotedAt = now();
    events.change();
    send(member, { type: 'listen', backlog: options.backlog(), slowStart: others }, handle);
  };

  /** It is on its way out; who is not gone in time is killed. */
  const leaving = (member: Member, withinMs: number): void => {
    if (member.state === 'draining') return;
    member.state = 'draining';
    member.drainingAt = now();
    const timer = setTimeout(() => {
      if (!members.has(member.id)) return;
      log.warn({ worker: member.name }, 'worker did not drain in time: killed');
      kill(member);
    }, withinMs + DRAIN_GRACE_MS);
    timer.unref();
    events.change();
  };

  const drain = (member: Member, idleMs = options.drain().idleMs): void => {
    if (member.state === 'draining') return;
    const { withinMs } = options.drain();
    leaving(member, withinMs);
    send(member, { type: 'drain', withinMs, idleMs });
  };

  const reconcile = (): void => {
    if (stopping) return;
    const plan = planFleet(
      [...members.values()].map((member) => ({
        id: member.id,
        state: member.state,
        stays: stays(member),
        reserved: member.reserved,
        inFlight: member.beat?.inFlight ?? 0,
      })),
      target,
      spares,
    );
    for (const id of plan.promote) promote(members.get(id)!);
    for (const id of plan.drain) drain(members.get(id)!);
    for (let missing = plan.fork; missing > 0 && events.mayFork(); missing--) fork(generation, false);
  };

  return {
    members,
    get target() {
      return target;
    },
    get generation() {
      return generation;
    },
    aim(nextTarget, nextSpares) {
      if (nextTarget === target && nextSpares === spares) return;
      target = nextTarget;
      spares = nextSpares;
      reconcile();
    },
    tick: reconcile,
    tryOut: (of) => fork(of, true),
    promote,
    renew(next) {
      generation = next;
      for (const member of members.values()) if (member.generation === next) member.reserved = false;
      reconcile();
    },
    replace(member) {
      member.condemned = true;
      reconcile();
    },
    end(member, why, words) {
      member.killedFor ??= why;
      member.failure ??= words;
      kill(member);
    },
    send,
    broadcast(message, except) {
      for (const member of members.values()) if (member.id !== except) send(member, message);
    },
    async stop() {
      stopping = true;
      for (const member of members.values()) {
        if (member.state === 'starting' || member.state === 'spare') kill(member, 'SIGTERM');
        drain(member, STOP_IDLE_MS);
      }
      const longestMs = options.drain().withinMs + DRAIN_GRACE_MS + KILLED_MS;
      const until = now() + longestMs;
      while (members.size > 0 && now() < until) await sleep(STOP_LOOK_MS);
    },
    kill() {
      stopping = true;
      for (const member of members.values()) kill(member);
    },
  };
}
