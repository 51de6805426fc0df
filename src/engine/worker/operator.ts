import type { Dispatcher } from '../admission/dispatcher.ts';
import type { Link } from '../link.ts';
import type { Purger } from '../pages/purger.ts';
import type { Closures } from '../request/closures.ts';
import { takeProfile } from './profile.ts';

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
