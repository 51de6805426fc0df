import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { clusterWorkers, processTree, signal } from '../load/processes.ts';
import type { FaultName } from './fault-names.ts';
import { readFleet, servingPids } from './fleet-watch.ts';
import type { OwnInstance, Target } from './instance.ts';

/** The fault could not be made; the scenario has shown nothing. */
export class FaultError extends Error {
  readonly code = 'FAULT';
  override readonly name = 'FaultError';
}

type Injure = (target: Target & { own: OwnInstance }, seconds: number) => Promise<void>;

const SLOW_UPSTREAM_MS = 1_500;
/** Memory that a leak takes at a time, MiB. */
const LEAK_STEP_MB = 40;

/** Makes each fault, and takes it away again after `seconds` where it lasts. */
const INJURE: Record<FaultName, Injure> = {
  async 'worker-killed'({ own }) {
    kill(servingPids(await readFleet(own.adminPort)).slice(0, 1));
  },
  async 'all-killed'({ own }) {
    kill(servingPids(await readFleet(own.adminPort)));
  },
  async 'all-blocked'({ own }, seconds) {
    // The spare one, too: it would take their place. One that is replaced meanwhile is gone when they go on.
    const pids = clusterWorkers(own.pid);
    if (pids.length === 0) throw new Error('no worker is there');
    for (const pid of pids) signal(pid, 'SIGSTOP');
    await delay(seconds * 1000);
    for (const pid of pids) signal(pid, 'SIGCONT');
  },
  async 'database-locked'({ own }, seconds) {
    const db = new Database(join(own.dataDir, 'site.db'), { timeout: 5_000 });
    try {
      db.exec('BEGIN IMMEDIATE');
      await delay(seconds * 1000);
      db.exec('ROLLBACK');
    } finally {
      db.close();
    }
  },
  async 'disk-full'({ own }, seconds) {
    setFileLimit(processTree(own.pid), '0:');
    await delay(seconds * 1000);
    setFileLimit(processTree(own.pid), 'unlimited:');
  },
  async 'slow-upstream'({ own }, seconds) {
    own.upstream.setDelay(SLOW_UPSTREAM_MS);
    await delay(seconds * 1000);
    own.upstream.setDelay(20);
  },
  async reload({ own }) {
    process.kill(own.pid, 'SIGHUP');
  },
  async 'memory-leak'(target, seconds) {
    const until = performance.now() + seconds * 1000;
    while (performance.now() < until) {
      await ask(target, `/lab/leak?mb=${LEAK_STEP_MB}`);
      await delay(200);
    }
  },
};

/** What of this machine a fault needs and is not there; undefined: nothing. */
export function cannotMake(name: FaultName): string | undefined {
  if (name === 'disk-full' && spawnSync('prlimit', ['--version']).error !== undefined)
    return 'prlimit (util-linux) is not installed';
  return undefined;
}

/**
 * Makes a fault; resolves when it is over.
 * @throws {FaultError}
 */
export async function injure(target: Target, name: FaultName, seconds: number): Promise<void> {
  const { own } = target;
  if (own === undefined) throw new FaultError('faults are for an instance of its own');
  try {
    await INJURE[name]({ ...target, own }, seconds);
  } catch (cause) {
    throw new FaultError(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function kill(pids: readonly number[]): void {
  if (pids.length === 0) throw new Error('no worker serves');
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

/** The soft limit of file sizes (RLIMIT_FSIZE): over it a write fails, as on a full disk. */
function setFileLimit(pids: readonly number[], limit: string): void {
  let set = 0;
  for (const pid of pids) if (spawnSync('prlimit', ['--pid', String(pid), `--fsize=${limit}`]).status === 0) set += 1;
  if (set === 0) throw new Error('prlimit could set no limit');
}

/** Asks the lab; what it answers, and whether, is the scenario's to see. */
async function ask({ host, port }: Target, path: string): Promise<void> {
  try {
    const response = await fetch(`http://${host}:${port}${path}`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(3_000),
    });
    await response.arrayBuffer();
  } catch {
    // A server that was blocked on request answers late or not at all.
  }
}
