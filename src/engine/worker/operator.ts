import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { dirname, join } from 'node:path';
import type { Dispatcher } from '../admission/dispatcher.ts';
import type { Link } from '../link.ts';
import type { Purger } from '../pages/purger.ts';
import type { Closures } from '../request/closures.ts';

/** CPU profiles that are kept; the oldest go. */
export const MAX_PROFILES = 10;

export interface OperatorParts {
  link: Link;
  purger: Purger;
  dispatcher: Dispatcher;
  closures: Closures;
}

/** Does in this worker what an operator asks for. */
export function obeyOperator({ link, purger, dispatcher, closures }: OperatorParts): void {
  let profiling = false;
  const done = (id: string, ok: boolean, text: string): void => link.send({ type: 'errand-done', id, ok, text });

  link.on('controls', ({ controls }) => {
    dispatcher.tune(controls);
    closures.set(controls);
  });
  link.on('purge-errand', ({ id, tags, hard }) => {
    purger.purge(tags, hard).then(
      () => done(id, true, 'Purged in every process and in the store.'),
      (error: unknown) => done(id, false, `The purge failed: ${String(error)}`),
    );
  });
  link.on('profile', ({ id, seconds, file }) => {
    if (profiling) {
      done(id, false, 'A profile of this worker is being taken already.');
      return;
    }
    profiling = true;
    takeProfile(seconds, file)
      .then(
        () => done(id, true, 'The CPU profile can be downloaded.'),
        (error: unknown) => done(id, false, `The CPU profile failed: ${String(error)}`),
      )
      .finally(() => {
        profiling = false;
      });
  });
}

/** Profiles this process, and writes what `chrome://inspect` and VS Code open. @throws {Error} the file cannot be written */
async function takeProfile(seconds: number, file: string): Promise<void> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const { profile } = await session.post('Profiler.stop');
    const folder = dirname(file);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const old = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile')).sort();
    for (const name of old.slice(0, Math.max(0, old.length - MAX_PROFILES + 1)))
      await rm(join(folder, name), { force: true });
    await writeFile(file, JSON.stringify(profile), { mode: 0o600 });
  } finally {
    session.disconnect();
  }
}
