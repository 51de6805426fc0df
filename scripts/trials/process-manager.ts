import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { processTree, signal } from '../load/processes.ts';

/** The primary is killed only when its server was ready for so long, ms: one that never serves can acknowledge nothing. */
const PRIMARY_LIVES_MS = 8_000;
/** Any other when it was there for so long, ms: one that starts holds nothing that could be lost. */
const PROCESS_LIVES_MS = 2_000;
const START_LIMIT_MS = 240_000;

/** Starts a server, starts it again when it dies, as systemd does, and kills one of its processes now and then. */
export class ProcessManager {
  /** By what it was: how often. */
  readonly killed = new Map<string, number>();
  /** When each process was first seen. */
  private readonly seenAt = new Map<number, number>();
  private readonly main: string;
  private readonly env: Record<string, string>;
  private child: ChildProcess;
  /** Since when it is ready; undefined: it starts, and none of its processes is killed. */
  private readyAt: number | undefined;
  private readonly isReady: () => Promise<boolean>;
  private ends = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(main: string, env: Record<string, string>, isReady: () => Promise<boolean>) {
    this.main = main;
    this.isReady = isReady;
    this.env = env;
    this.child = this.start();
  }

  async untilReady(): Promise<void> {
    const until = performance.now() + START_LIMIT_MS;
    while (!(await this.isReady())) {
      if (performance.now() > until) throw new Error('the server does not come up');
      await delay(100);
    }
    this.readyAt = performance.now();
  }

  killEvery(ms: number): void {
    this.timer = setInterval(() => this.killOne(), ms);
  }

  spare(): void {
    clearInterval(this.timer);
  }

  async stop(): Promise<void> {
    this.spare();
    this.ends = true;
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const tree = processTree(child.pid!);
    child.kill('SIGTERM');
    await Promise.race([exited, delay(15_000, undefined, { ref: false })]);
    for (const pid of tree) signal(pid, 'SIGKILL');
  }

  private start(): ChildProcess {
    const child = spawn(process.execPath, [this.main], {
      env: { ...process.env, NODE_OPTIONS: '', ...this.env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.readyAt = undefined;
    child.once('exit', () => {
      if (this.ends) return;
      this.child = this.start();
      this.untilReady().catch((error: Error) => console.error(error.message));
    });
    return child;
  }

  private killOne(): void {
    const { pid } = this.child;
    const { readyAt } = this;
    if (pid === undefined || readyAt === undefined) return;
    const now = performance.now();
    const all = processTree(pid).filter((one) => {
      const seenAt = this.seenAt.get(one) ?? now;
      this.seenAt.set(one, seenAt);
      return one === pid ? now - readyAt > PRIMARY_LIVES_MS : now - seenAt >= PROCESS_LIVES_MS;
    });
    const chosen = all[Math.floor(Math.random() * all.length)];
    if (chosen === undefined) return;
    const name = chosen === pid ? 'primary' : roleOf(chosen);
    if (!signal(chosen, 'SIGKILL')) return;
    this.killed.set(name, (this.killed.get(name) ?? 0) + 1);
  }
}

const roleOf = (pid: number): string => {
  try {
    const role = /(?:^|\0)TAHAN_INTERNAL_ROLE=([^\0]*)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];
    return role ?? 'worker';
  } catch {
    return 'worker'; // it has ended meanwhile
  }
};
