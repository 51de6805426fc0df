import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Place, pinned } from './cores.ts';

/** A server did not come up, or ended on its own. */
export class ServerStartError extends Error {
  readonly code = 'SERVER_START';
  constructor(name: string, reason: string) {
    super(`${name} ${reason}`);
    this.name = 'ServerStartError';
  }
}

export interface ServerProcess {
  pid: number;
  stop: () => Promise<void>;
}

const STOP_LIMIT_MS = 12_000;
const OUTPUT_KEPT = 4_000;
const started = new Set<ChildProcess>();

// A bench that ends early leaves nothing behind.
process.once('exit', () => {
  for (const child of started) for (const pid of processTree(child.pid!)) signal(pid, 'SIGKILL');
});

/** Starts a program on the core of `place`; resolves when `isReady` says so, at most `limitMs` later. */
export async function launch(
  {
    name,
    command,
    args,
    cwd,
    env,
    place,
    limitMs = 30_000,
  }: {
    name: string;
    command: string;
    args: readonly string[];
    cwd?: string;
    env?: Record<string, string>;
    place: Place;
    limitMs?: number;
  },
  isReady: () => Promise<boolean>,
): Promise<ServerProcess> {
  const child = spawn(...pinned(place, command, args), {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
    });
  }
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new ServerStartError(name, `could not be started: ${error.message}`)));
  });
  started.add(child);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    const tree = processTree(child.pid!);
    child.kill('SIGTERM');
    await Promise.race([exited, delay(STOP_LIMIT_MS, undefined, { ref: false })]);
    for (const pid of tree) signal(pid, 'SIGKILL');
    await exited;
    started.delete(child);
  };
  const end = Date.now() + limitMs;
  while (!(await isReady())) {
    if (child.exitCode !== null || child.signalCode !== null) {
      started.delete(child);
      throw new ServerStartError(
        name,
        `ended with ${child.exitCode ?? child.signalCode} before it was ready:\n${output}`,
      );
    }
    if (Date.now() > end) {
      await stop();
      throw new ServerStartError(name, `was not ready within ${limitMs / 1000} s:\n${output}`);
    }
    await delay(50);
  }
  return { pid: child.pid!, stop };
}

/** Whether a GET on loopback answers 200 within a second. */
export async function answers(port: number, path: string): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(1_000),
    });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false; // not listening yet, or not answering: not ready
  }
}

/** A TCP port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** False: it is gone already. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

/** Fields of /proc/<pid>/stat after the name, or undefined when the process has gone. */
function stat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // ended between two looks
  }
}

/** The process and all its descendants. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const parent = Number.isInteger(pid) ? Number(stat(pid)?.[1]) : Number.NaN;
    if (!Number.isNaN(parent)) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** The node:cluster workers among the children of a process. */
export function clusterWorkers(root: number): number[] {
  return processTree(root).filter((pid) => {
    try {
      return pid !== root && readFileSync(`/proc/${pid}/environ`, 'latin1').includes('NODE_UNIQUE_ID=');
    } catch {
      return false; // ended between two looks
    }
  });
}

/** Resident memory of the whole tree, bytes. */
export function treeRssBytes(root: number): number {
  const pageBytes = 4_096;
  return processTree(root).reduce((sum, pid) => sum + Number(stat(pid)?.[21] ?? 0) * pageBytes, 0);
}

/** Memory of the whole tree with its shared pages counted once (proportional set size), bytes. */
export function treePssBytes(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + pssBytes(pid), 0);
}

function pssBytes(pid: number): number {
  try {
    const kib = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
    return Number(kib ?? 0) * 1_024;
  } catch {
    return 0; // ended between two looks
  }
}

/** CPU time the tree has used, seconds: its living processes, and those that have ended and were waited for. */
export function treeCpuSeconds(root: number): number {
  const ticksPerSecond = 100;
  return processTree(root).reduce((sum, pid) => {
    // utime, stime, and both of the children that have ended
    const ticks = stat(pid)?.slice(11, 15) ?? [];
    return sum + ticks.reduce((all, each) => all + Number(each), 0) / ticksPerSecond;
  }, 0);
}
