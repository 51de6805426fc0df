import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive } from '../is-alive.ts';
import { DataFolderError } from '../secret.ts';

/** Who holds a data folder. A pid is given again to other programs, so it counts with its process's start only. */
const holderSchema = z.object({
  pid: z.int().positive(),
  /** Ticks of the kernel from the boot to the start of the process; null: not known here. */
  startedTicks: z.number().nullable(),
  host: z.string().max(300),
});
type Holder = z.infer<typeof holderSchema>;

const FILE = 'server.lock';
/** Two starts that find the same stale lock at once: the second finds the first one's when it tries again. */
const TRIES = 5;

/**
 * Claims a data folder for this server, until it ends: two servers on one folder would serve each other's old pages. The
 * lock of a server that died is taken over.
 * @returns how to give it back before the end
 * @throws {DataFolderError} another server holds it, or it cannot be written
 */
export function claimDataFolder(dataDir: string): () => void {
  const file = join(dataDir, FILE);
  const own: Holder = { pid: process.pid, startedTicks: startedTicks(process.pid), host: hostname() };
  for (let tries = 0; tries < TRIES; tries++) {
    if (make(file, own)) {
      const release = (): void => {
        if (holderOf(file)?.pid === own.pid) rmSync(file, { force: true });
      };
      process.once('exit', release);
      return () => {
        process.off('exit', release);
        release();
      };
    }
    const holder = holderOf(file);
    if (holder !== undefined && lives(holder)) {
      throw new DataFolderError(
        `the data folder ${dataDir} is in use by the server with pid ${holder.pid}; stop that one, or set TAHAN_DATA_DIR to another folder`,
      );
    }
    setAside(file, holder);
  }
  throw new DataFolderError(
    `the data folder ${dataDir} is being claimed by several servers at once; start one of them`,
  );
}

/** @returns whether it is ours now; false: there is one. @throws {DataFolderError} */
function make(file: string, own: Holder): boolean {
  try {
    const opened = openSync(file, 'wx', 0o600);
    try {
      writeSync(opened, JSON.stringify(own));
    } finally {
      closeSync(opened);
    }
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === 'EEXIST') return false;
    throw new DataFolderError(
      `the data folder cannot be written (${code} at ${file}); set TAHAN_DATA_DIR to a folder that can`,
    );
  }
}

/** Takes a stale lock away; one that was made anew meanwhile is put back. */
function setAside(file: string, stale: Holder | undefined): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // another start was faster: the next try finds its lock
  }
  const taken = holderOf(aside);
  if (taken !== undefined && taken.pid !== stale?.pid) {
    try {
      writeFileSync(file, JSON.stringify(taken), { flag: 'wx', mode: 0o600 });
    } catch {
      // a third one made its own: it is found at the next try
    }
  }
  rmSync(aside, { force: true });
}

/** Undefined: there is none, or what is there was never written whole (a full disk, a power cut). */
function holderOf(file: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** A lock from another host (a container that was made anew on the same volume) tells nothing of a process here. */
function lives({ pid, startedTicks: started, host }: Holder): boolean {
  if (host !== hostname() || !isAlive(pid)) return false;
  return started === null || startedTicks(pid) === started;
}

/** The 22nd field of /proc/<pid>/stat (proc(5)), counted from behind the name, which may hold spaces; null: not known. */
function startedTicks(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return null; // no /proc here: the pid alone must do
  }
}
