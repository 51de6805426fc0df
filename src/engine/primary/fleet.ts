import cluster, { type Worker as ClusterWorker } from 'node:cluster';
import type { Logger } from 'pino';
import { type Downward, type Upward, upwardSchema } from '../beats.ts';
import { isOurs, type PortHandle } from '../link.ts';
import type { WorkerState, WorkerView } from './view.ts';

export interface Member extends WorkerView {
  id: number;
  pid: number;
  process: ClusterWorker;
  /** Why it could not start, as it said itself. */
  failure: string | undefined;
  /** Forked by a reload: it serves only when the reload says so. */
  reserved: boolean;
}

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
  drainMs: number;
  /** Environment of the next worker. */
  env: () => NodeJS.ProcessEnv;
  log: Logger;
  now: () => number;
  events: FleetEvents;
}

export interface Fleet {
  readonly members: ReadonlyMap<number, Member>;
  /** How many workers shall serve, and how many shall stand by; forks, promotes and drains to get there. */
  aim: (target: number, spares: number) => void;
  readonly target: number;
  fork: (reserved?: boolean) => Member;
  /** Lends the port to a warm worker. */
  promote: (member: Member) => void;
  drain: (member: Member) => void;
  send: (member: Member, message: Downward) => void;
  broadcast: (message: Downward, except?: number) => void;
  /** Drains everybody and resolves when the last is gone; who is not within the drain time and a second is killed. */
  stop: () => Promise<void>;
  /** Ends everybody at once. */
  kill: () => void;
}

/** Processes that may start at the same time beside the serving ones: a fork costs a core for some 300 ms. */
const STARTING_AT_ONCE = 2;

/** Forks workers, follows their lives, and brings their number to the target. Holds no policy. */
export function createFleet(options: FleetOptions): Fleet {
  const { handle, backlog, drainMs, log, now, events } = options;
  const members = new Map<number, Member>();
  let target = 0;
  let spares = 0;
  let stopping = false;
  let forkTimer: NodeJS.Timeout | undefined;

  const count = (...states: WorkerState[]): number => {
    let n = 0;
    for (const member of members.values()) if (!member.reserved && states.includes(member.state)) n += 1;
    return n;
  };

  const send = (member: Member, message: Downward, lent?: PortHandle): void => {
    if (!member.process.isConnected()) return;
    // A worker that dies with a message on its way is news for `exit`, not an error of the sender.
    member.process.send(message, lent as never, () => {});
  };

  const onMessage = (member: Member, raw: unknown): void => {
    if (!isOurs(raw)) return;
    const parsed = upwardSchema.safeParse(raw);
    if (!parsed.success) {
      log.warn({ worker: member.name, problem: parsed.error.issues[0]?.message }, 'message from a worker is not valid');
      return;
    }
    const message = parsed.data;
    if (message.type === 'pulse') {
      member.lastBeatAt = now();
      return;
    }
    switch (message.type) {
      case 'beat':
        member.lastBeatAt = now();
        member.beat = message;
        break;
      case 'ready':
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
    }
    events.message(member, message);
    if (message.type === 'ready' || message.type === 'listening') reconcile();
  };

  const onExit = (member: Member, code: number | null, signal: string | null): void => {
    const expected = member.state === 'draining' || stopping;
    const news: ExitNews = {
      expected,
      servedMs: member.servingAt === undefined ? 0 : now() - member.servingAt,
      how: signal ? `signal ${signal}` : `exit code ${code}`,
    };
    member.state = 'dead';
    members.delete(member.id);
    events.exit(member, news);
    events.change();
    reconcile();
  };

  const fork = (reserved = false): Member => {
    const child = cluster.fork(options.env());
    const member: Member = {
      id: child.id,
      name: `worker-${child.id}`,
      pid: child.process.pid ?? 0,
      process: child,
      state: 'starting',
      startedAt: now(),
      servingAt: undefined,
      lastBeatAt: undefined,
      beat: undefined,
      failure: undefined,
      reserved,
    };
    members.set(member.id, member);
    child.on('message', (raw: unknown) => onMessage(member, raw));
    child.on('error', (error) => log.warn({ worker: member.name, error: error.message }, 'worker process error'));
    child.on('exit', (code: number | null, signal: string | null) => onExit(member, code, signal));
    return member;
  };

  const promote = (member: Member): void => {
    member.state = 'promoting';
    member.reserved = false;
    events.change();
    send(member, { type: 'listen', backlog }, handle);
  };

  const drain = (member: Member): void => {
    if (member.state === 'draining') return;
    member.state = 'draining';
    member.drainingAt = now();
    send(member, { type: 'drain', withinMs: drainMs });
    const timer = setTimeout(() => {
      log.warn({ worker: member.name }, 'worker did not drain in time: killed');
      member.process.process.kill('SIGKILL');
    }, drainMs + 1_000);
    member.process.once('exit', () => clearTimeout(timer));
    events.change();
  };

  const reconcile = (): void => {
    if (stopping) return;
    let short = target - count('serving', 'promoting');
    for (const member of members.values()) {
      if (short <= 0) break;
      if (member.state !== 'spare' || member.reserved) continue;
      promote(member);
      short -= 1;
    }
    if (short < 0) {
      const serving = [...members.values()].filter((member) => member.state === 'serving');
      serving.sort((a, b) => (a.beat?.inFlight ?? 0) - (b.beat?.inFlight ?? 0));
      for (const member of serving.slice(0, -short)) drain(member);
      short = 0;
    }
    forkMissing(short);
  };

  /** Forks what is missing: serving places first, then one spare at a time, as a fork takes the core that the visitors need. */
  const forkMissing = (short: number): void => {
    if (forkTimer !== undefined) return;
    const starting = count('starting');
    const places = short - starting;
    const spare = starting === 0 && places <= 0 && count('spare') < spares ? 1 : 0;
    let wanted = Math.min(Math.max(places, spare), STARTING_AT_ONCE - starting);
    if (wanted <= 0) return;
    const delayMs = events.forkDelayMs();
    if (delayMs > 0) {
      forkTimer = setTimeout(() => {
        forkTimer = undefined;
        reconcile();
      }, delayMs);
      return;
    }
    for (; wanted > 0; wanted--) fork();
  };

  return {
    members,
    get target() {
      return target;
    },
    aim(nextTarget, nextSpares) {
      target = nextTarget;
      spares = nextSpares;
      reconcile();
    },
    fork,
    promote,
    drain,
    send: (member, message) => send(member, message),
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
              drain(member);
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
