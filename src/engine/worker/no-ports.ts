import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { SiteMistakesError } from '../mistakes.ts';
import { LISTEN_CHANNEL } from '../net-parts.ts';

/**
 * Runs what a site does at its start. A port that it opens meanwhile is a mistake: the port is lent to the worker, and a
 * second one would serve past all that Tahan does.
 * @throws {SiteMistakesError} it opens a port; or what `work` throws
 */
export async function withoutPorts<T>(work: () => T | Promise<T>): Promise<T> {
  const opened = Promise.withResolvers<never>();
  let mistake: SiteMistakesError | undefined;
  const onListen = (message: unknown): void => {
    const { port } = (message as { options: { port?: unknown } }).options;
    if (port === undefined) return; // a socket in the file system is no port
    mistake ??= new SiteMistakesError([
      `the site: it calls listen(${port}) itself; leave that out, and let createSite return the listener: Tahan lends it the port`,
    ]);
    opened.reject(mistake);
  };
  subscribe(LISTEN_CHANNEL, onListen);
  try {
    // Not the end of `work` is waited for: the port that it opens may be in use, which ends this process.
    const done = await Promise.race([work(), opened.promise]);
    if (mistake !== undefined) throw mistake;
    return done;
  } finally {
    unsubscribe(LISTEN_CHANNEL, onListen);
  }
}
