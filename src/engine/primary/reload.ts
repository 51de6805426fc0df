import type { Logger } from 'pino';
import type { Fleet, Generation, Member } from './fleet.ts';
import { Proof } from './proof.ts';
import type { Release } from './release.ts';
import { type AfterReload, mistakes, type Settings } from './settings.ts';

export interface ReloadParts {
  fleet: Fleet;
  log: Logger;
  now: () => number;
  current: () => Settings;
  /** Reads what is to run now: the start folder is looked up anew. @throws {ConfigError | Error} a line for each mistake */
  read: () => AfterReload;
  /** The server stays where it was: the new version did not come to serve. */
  stay: (release: Release) => void;
  /** Prepares the site (migrations) with the new code and settings. @throws the reason in a line */
  prepare: (settings: Settings) => Promise<void>;
  /** Why there must be no reload now; undefined: there may be one. */
  held: () => string | undefined;
  /** Asks the port for a page, as a visitor would: where nobody comes, this is what a new worker is proved by. */
  visit: () => void;
  /** The settings of the server are these from now on. */
  adopt: (settings: Settings, first: Member | undefined) => void;
  onEnd: (state: ReloadReport['state']) => void;
}

/** How the last reload went; the dashboard and `npm run reload` show it. */
export interface ReloadReport {
  /** Counts reloads from 1. */
  number: number;
  state: 'running' | 'done' | 'refused' | 'rolled_back';
  /** Why not; or, of one that is done, what of the settings did not take effect. One line each. */
  reasons: readonly string[];
  /** Epoch ms. */
  startedAt: number;
  ms: number | undefined;
}

export interface Reloader {
  /** What the fleet is in the middle of; undefined: nothing. */
  readonly operation: string | undefined;
  readonly report: ReloadReport | undefined;
  /** Asks for a reload. During one, a single further one is queued. */
  request: () => void;
  /** News of the fleet: each worker's ready, and each unexpected end. */
  onReady: (member: Member, problem: string | null) => void;
  onDied: (member: Member, how: string) => void;
}

/** Other steps of the fleet are let finish first, ms; a crash loop does not finish, and is what a reload may mend. */
const WAIT_FOR_FLEET_MS = 2_000;
const LOOK_EVERY_MS = 25;

const NOT_SERVING = 'the new workers did not come to serve';

class ReloadProblem extends Error {}

/**
 * A rolling reload: the settings are read again, a first worker of the new code proves itself out of sight (it must
 * render the main page), and only then places are given over, one by one. Whatever goes wrong, the old code serves on.
 */
export function createReloader(parts: ReloadParts): Reloader {
  const { fleet, log, now } = parts;
  let running = false;
  let queued = false;
  let report: ReloadReport | undefined;
  let proof = new Proof();
  /** The generation that is watched, and what was first wrong with one of its workers. */
  let watch: { generation: Generation; problem: string | undefined } | undefined;

  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const until = async (holds: () => boolean, withinMs: number): Promise<boolean> => {
    const deadline = now() + withinMs;
    while (!holds()) {
      if (now() >= deadline) return false;
      await sleep(LOOK_EVERY_MS);
    }
    return true;
  };
  const serving = (): Member[] => [...fleet.members.values()].filter(({ state }) => state === 'serving');
  const isSettled = (): boolean =>
    serving().length === fleet.target && [...fleet.members.values()].every(({ state }) => state !== 'promoting');

  /**
   * A worker of the new generation, which has passed its self-test and then served for a while besides the old ones:
   * from here on the old code is let go, and on the disk it may be gone.
   * @throws {ReloadProblem}
   */
  const proveFirst = async (generation: Generation, startMs: number): Promise<Member> => {
    const member = fleet.tryOut(generation);
    let problem = await watched(generation, startMs, 'not ready', () => member.state === 'spare');
    if (problem === undefined) {
      fleet.promote(member);
      problem = await watched(generation, startMs, NOT_SERVING, () => hasProved(member));
    }
    if (problem === undefined) return member;
    fleet.end(member, 'rolled_back', problem);
    throw new ReloadProblem(problem);
  };

  const hasProved = (member: Member): boolean => {
    if (member.state !== 'serving') return false;
    const verdict = proof.of(member, now());
    if (verdict === 'unvisited') parts.visit();
    return verdict === 'proved';
  };

  /** Waits for what is to happen while every worker of the generation is well; undefined: it happened, else what is wrong. */
  const watched = async (
    generation: Generation,
    withinMs: number,
    late: string,
    holds: () => boolean,
  ): Promise<string | undefined> => {
    const watching: NonNullable<typeof watch> = { generation, problem: undefined };
    watch = watching;
    const done = await until(() => watching.problem !== undefined || holds(), withinMs);
    watch = undefined;
    return watching.problem ?? (done ? undefined : `${late} within ${withinMs} ms`);
  };

  /** Gives all places to the new generation. @throws {ReloadProblem} */
  const giveOver = async (generation: Generation, startMs: number): Promise<void> => {
    fleet.renew(generation);
    const problem = await watched(
      generation,
      startMs * (fleet.target + 1),
      NOT_SERVING,
      () => isSettled() && serving().every((member) => member.generation === generation && hasProved(member)),
    );
    if (problem !== undefined) throw new ReloadProblem(problem);
  };

  const reload = async (): Promise<Pick<ReloadReport, 'state' | 'reasons'>> => {
    const before = parts.current();
    const why = parts.held();
    if (why !== undefined) return { state: 'refused', reasons: [why] };
    let after: AfterReload;
    try {
      after = parts.read();
    } catch (error) {
      parts.stay(before.release);
      return { state: 'refused', reasons: mistakes(error) };
    }
    for (const line of after.ignored) log.warn(line);
    await until(isSettled, WAIT_FOR_FLEET_MS);
    const old = fleet.generation;
    const generation: Generation = { env: after.env, release: after.release };
    proof = new Proof();
    try {
      await parts.prepare(after);
      const first = await proveFirst(generation, after.config.startMs);
      parts.adopt(after, first);
      await giveOver(generation, after.config.startMs);
      return { state: 'done', reasons: after.ignored };
    } catch (error) {
      parts.stay(before.release);
      if (fleet.generation === generation) {
        parts.adopt(before, undefined);
        fleet.renew(old);
      }
      return { state: 'rolled_back', reasons: (error instanceof Error ? error.message : String(error)).split('\n') };
    }
  };

  const run = async (): Promise<void> => {
    running = true;
    const number = (report?.number ?? 0) + 1;
    const began = now();
    report = { number, state: 'running', reasons: [], startedAt: Date.now(), ms: undefined };
    log.info({ number }, 'reload: the new code and settings are tried');
    const { state, reasons } = await reload().catch((error: unknown) => {
      // Nothing of it is known to throw; if something does, the next reload must still be possible.
      log.error({ error: error instanceof Error ? error.stack : String(error) }, 'the reload failed');
      return { state: 'rolled_back' as const, reasons: mistakes(error) };
    });
    const ms = Math.round(now() - began);
    report = { ...report, state, reasons, ms };
    parts.onEnd(state);
    if (state === 'done') log.info({ number, ms, workers: serving().length }, 'reload: done');
    else if (state === 'refused')
      for (const reason of reasons) log.error({ number }, `reload refused, the old settings stay: ${reason}`);
    else log.error({ number, ms }, `reload rolled back, the old version serves on: ${reasons.join('; ')}`);
    running = false;
  };

  const runAll = async (): Promise<void> => {
    do {
      queued = false;
      await run();
    } while (queued);
  };

  return {
    get operation() {
      return running ? 'the fleet reloads' : undefined;
    },
    get report() {
      return report;
    },
    request() {
      if (!running) void runAll();
      else if (!queued) {
        queued = true;
        log.info('reload: one more is queued behind the one that runs');
      } else log.info('reload: one is queued already');
    },
    onReady(member, problem) {
      // The self-test of the first: what its main page is like, the others' will be.
      if (member.reserved && watch?.generation === member.generation) watch.problem ??= problem ?? undefined;
    },
    onDied(member, how) {
      if (watch?.generation === member.generation)
        watch.problem ??= `worker ${member.name} ended: ${member.failure ?? how}`;
    },
  };
}
