import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';

/** What a worker runs, as node:cluster takes it. */
export interface WorkerProgram {
  exec: string;
  args: string[];
  execArgv?: string[];
}

/** A release of the site on the disk, links resolved: where its processes run, and what they run. */
export interface Release {
  cwd: string;
  main: string;
  worker: WorkerProgram;
}

/** What is said of the start: `env` as it was given, `argument` the program as it was named (process.argv[1]). */
export interface Start extends Release {
  env: NodeJS.ProcessEnv;
  argument: string | undefined;
}

/**
 * How the start folder is looked up anew: a deploy that moves a link (`current -> releases/8`) gives the next reload
 * another folder, as Puma's `restart_dir` does. A process knows its folder with links resolved only; the name it was
 * started by is what pm2 (`pm_cwd`) or the shell (`PWD`) says, or what the program's path begins with.
 * @returns `find`: the release that is there now. @throws {Error} the folder or the program is not there any more
 */
export function followRelease({ env, cwd, argument, main, worker }: Start): { folder: string; find: () => Release } {
  const named = [env.pm_cwd, env.PWD, ...(argument === undefined ? [] : ancestors(argument))];
  const folder = named.find((name) => name !== undefined && isAbsolute(name) && realOf(name) === cwd) ?? cwd;
  /** Where a program of the start is now: with the folder, if it lies in it. */
  const moved = (program: string, now: string): string => {
    const inside = relative(cwd, program);
    const named = inside.startsWith('..') || isAbsolute(inside) ? program : join(now, inside);
    const real = realOf(named);
    if (real === undefined) throw new Error(`${named} is not there: the start folder ${folder} leads to ${now}`);
    return real;
  };
  return {
    folder,
    find() {
      const now = realOf(folder);
      if (now === undefined) throw new Error(`the start folder ${folder} is not there any more`);
      return { cwd: now, main: moved(main, now), worker: { ...worker, exec: moved(worker.exec, now) } };
    },
  };
}

function ancestors(path: string): string[] {
  const folders: string[] = [];
  for (let at = dirname(path); !folders.includes(at); at = dirname(at)) folders.push(at);
  return folders;
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // it leads nowhere: the caller says what that means
  }
}
