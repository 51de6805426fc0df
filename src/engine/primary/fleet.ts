import cluster, { type Worker as ClusterWorker } from 'node:cluster';
import type { Logger } from 'pino';
import { type Downward, type PublicPages, type Upward, upwardSchema } from '../beats.ts';
import { isOurs, type PortHandle } from '../link.ts';
import type { WorkerState, WorkerView } from './view.ts';

/** The code and settings that workers start with: a reload makes a new one. */
export interface Generation {
  /** Environment of its workers. */
  env: NodeJS.ProcessEnv;
}

export interface Member extends WorkerView {
  id: number;
  pid: number;
  process: ClusterWorker;
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
  /** `exit code 1`, `signal SIGKILL`. */
  how: string;
}

export interface FleetEvents {
  message: (member: Member, message: Upward) => void;
  exit: (member: Member, news: ExitNews) => void;
  /** A worker began or ended to serve. */
  change: () => void;
  /** How long to wait before the next fork, ms: the back-off after crashes. */
  forkDelayMs: () => number;
}

export interface FleetOptions {
  handle: PortHandle;
  backlog: number;
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

/** Processes that may start at the same time beside the serving ones: a fork costs a core for some 300 ms. */
const STARTING_AT_ONCE = 2;

/** Time after the drain time in which a worker must be gone, ms. */
const DRAIN_GRACE_MS = 1_000;
/** At the server's own end nobody comes back: idle connections are closed so soon, ms. */
const STOP_IDLE_MS = 50;

/** Forks workers, follows their lives, and brings their number to the target. Holds no policy. */
export function createFleet(options: FleetOptions): Fleet {
  const { handle, backlog, log, now, events } = options;
  const members = new Map<number, Member>();
  let generation = options.first;
  let target = 0;
  let spares = 0;
  let stopping = false;
  let forkTimer: NodeJS.Timeout | undefined;

  /** Counts for the future: not one on trial, and not one whose place another is to take. */
  const stays = (member: Member): boolean => !member.reserved && !member.condemned && member.generation === generation;
  const all = (...states: WorkerState[]): Member[] =>
    [...members.values()].filter((member) => states.includes(member.state));
  const staying = (...states: WorkerState[]): number => all(...states).filter(stays).length;

  const send = (member: Member, message: Downward, lent?: PortHandle): void => {
    if (!member.process.isConnected()) return;
    // A worker that dies with a message on its way is news for `exit`, not an error of the sender.
    member.process.send(message, lent as never, () => {});
  };

  const onMessage = (member: Member, raw: unknown): void => {
    if (!isOurs(raw)) return;
    // Most messages say no more than that the worker is there.
    if ((raw as { type: unknown }).type === 'pulse') {
      member.lastBeatAt = now();
      return;
    }
    const parsed = upwardSchema.safeParse(raw);
    if (!parsed.success) {
      log.warn({ worker: member.name, problem: parsed.error.issues[0]?.message }, 'message from a worker is not valid');
      return;
    }
    const message = parsed.data;
    switch (message.type) {
      case 'beat':
        member.lastBeatAt = now();
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
    events.message(member, message);
    if (message.type === 'ready' || message.type === 'listening' || message.type === 'left') reconcile();
  };

  const onExit = (member: Member, code: number | null, signal: string | null): void => {
    const asked = member.state === 'draining' && !member.crashed && member.killedFor === undefined;
    const news: ExitNews = {
      expected: asked || stopping || member.killedFor === 'rolled_back',
      servedMs: member.servingAt === undefined ? 0 : now() - member.servingAt,
      how: signal ? `signal ${signal}` : `exit code ${code}`,
    };
    member.state = 'dead';
    members.delete(member.id);
    events.exit(member, news);
    events.change();
    reconcile();
  };

  const fork = (of: Generation, reserved: boolean): Member => {
    const child = cluster.fork({ ...of.env, TAHAN_INTERNAL_ROLE: 'worker' });
    const member: Member = {
      id: child.id,
      name: `worker-${child.id}`,
      pid: child.process.pid ?? 0,
      process: child,
      generation: of,
      state: 'starting',
      startedAt: now(),
      promotedAt: undefined,
      servingAt: undefined,
      lastBeatAt: undefined,
      beat: undefined,
      publicPages: undefined,
      failure: undefined,
      reserved,
      condemned: false,
      crashed: false,
      killedFor: undefined,
    };
    members.set(member.id, member);
    child.on('message', (raw: unknown) => onMessage(member, raw));
    child.on('error', (error) => log.warn({ worker: member.name, error: error.message }, 'worker process error'));
    child.on('exit', (code: number | null, signal: string | null) => onExit(member, code, signal));
    return member;
  };

  const promote = (member: Member): void => {
    const others = all('serving').length > 0;
    member.state = 'promoting';
    member.promotedAt = now();
    events.change();
    send(member, { type: 'listen', backlog, slowStart: others }, handle);
  };

  /** It is on its way out; who is not gone in time is killed. */
  const leaving = (member: Member, withinMs: number): void => {
    if (member.state === 'draining') return;
    member.state = 'draining';
    member.drainingAt = now();
    const timer = setTimeout(() => {
      log.warn({ worker: member.name }, 'worker did not drain in time: killed');
      member.process.process.kill('SIGKILL');
    }, withinMs + DRAIN_GRACE_MS);
    member.process.once('exit', () => clearTimeout(timer));
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
    const short = target - staying('serving', 'promoting');
    const warm = all('spare').filter(stays);
    for (const member of warm.slice(0, Math.max(0, short))) promote(member);
    // Who is to go goes when as many as are wanted serve besides: first those whose place is taken, then the least busy.
    const serving = all('serving').filter((member) => !member.reserved);
    const surplus = serving.length - target;
    if (surplus > 0) {
      serving.sort((a, b) => Number(stays(a)) - Number(stays(b)) || (a.beat?.inFlight ?? 0) - (b.beat?.inFlight ?? 0));
      for (const member of serving.slice(0, surplus)) drain(member);
    }
    const standingBy = all('spare').filter((member) => !member.reserved);
    standingBy.sort((a, b) => Number(stays(a)) - Number(stays(b)));
    const old = standingBy.filter((member) => !stays(member)).length;
    for (const member of standingBy.slice(0, Math.max(old, standingBy.length - spares))) drain(member);
    forkMissing(target - staying('serving', 'promoting'));
  };

  /**
   * Forks what is missing: serving places first, then one spare at a time, as a fork takes the core that the visitors
   * need. While those who are to be replaced still serve there is no hurry: one at a time.
   */
  const forkMissing = (short: number): void => {
    if (forkTimer !== undefined) return;
    const starting = staying('starting');
    const places = short - starting;
    const spare = starting === 0 && places <= 0 && staying('spare') < spares ? 1 : 0;
    const atOnce = all('serving').some((member) => !stays(member)) ? 1 : STARTING_AT_ONCE;
    let wanted = Math.min(Math.max(places, spare), atOnce - starting);
    if (wanted <= 0) return;
    const delayMs = events.forkDelayMs();
    if (delayMs > 0) {
      forkTimer = setTimeout(() => {
        forkTimer = undefined;
        reconcile();
      }, delayMs);
      return;
    }
    for (; wanted > 0; wanted--) fork(generation, false);
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
    tryOut: (of) => fork(of, true),
    promote,
    renew(next) {
      generation = next;
      for (const member of members.values()) if (member.generation === next) member.reserved = false;
      // Crashes of the generation before say nothing of this one.
      clearTimeout(forkTimer);
      forkTimer = undefined;
      reconcile();
    },
    replace(member) {
      member.condemned = true;
      reconcile();
    },
    end(member, why, words) {
      member.killedFor ??= why;
      member.failure ??= words;
      member.process.process.kill('SIGKILL');
    },
    send,
    broadcast(message, except) {
      for (const member of members.values()) if (member.id !== except) send(member, message);
    },
    async stop() {
      stopping = true;
      clearTimeout(forkTimer);
      await Promise.all(
        [...members.values()].map(
          (member) =>
            new Promise<void>((resolve) => {
              member.process.once('exit', () => resolve());
              if (member.state === 'starting' || member.state === 'spare') member.process.process.kill('SIGTERM');
              drain(member, STOP_IDLE_MS);
            }),
        ),
      );
    },
    kill() {
      stopping = true;
      for (const member of members.values()) member.process.process.kill('SIGKILL');
    },
  };
}
