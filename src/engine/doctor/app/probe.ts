import cluster from 'node:cluster';
import { subscribe } from 'node:diagnostics_channel';
import { rmSync } from 'node:fs';
import { createServer, Server } from 'node:http';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { FOUND_APP, type FoundApp } from '../../found-app.ts';
import { LISTEN_CHANNEL } from '../../net-parts.ts';
import { codeOf } from './frame-kind.ts';
import { countMemoryStores, watchModules } from './probe-modules.ts';
import { watchTimers } from './probe-timers.ts';
import { PROBE_SOCKET, type Seen } from './seen.ts';

/** Between two samples of the CPU profile, µs. */
const SAMPLE_US = 1_000;

/**
 * Loaded by `node --import` before the app in the worker that `tahan doctor` looks at: sees what the app does, and tells it
 * over a socket in the data folder. In every other process it does nothing.
 */
const { TAHAN_INTERNAL_ROLE: role, TAHAN_INTERNAL_ENTRY: entry, TAHAN_DATA_DIR: dataDir } = process.env;
if (isMainThread && cluster.isWorker && role === 'worker' && entry !== undefined && dataDir !== undefined)
  watch(pathToFileURL(entry).href, join(dataDir, PROBE_SOCKET));

function watch(entryUrl: string, socket: string): void {
  const of = codeOf(new URL('../../', import.meta.url).href);
  const modules = watchModules(entryUrl, of);
  const timers = watchTimers(of);
  const servers: Server[] = [];
  let app: FoundApp | undefined;
  subscribe(FOUND_APP.name, (message) => {
    app = message as FoundApp;
  });
  subscribe(LISTEN_CHANNEL, (message) => {
    const { server, options } = message as { server: unknown; options: { port?: unknown } };
    // The engine's own server gets a handle and no port.
    if (server instanceof Server && options.port !== undefined) servers.push(server);
  });
  const seen = (): Seen => ({
    app,
    packages: modules.packages(),
    direct: modules.direct(),
    timers: timers(),
    upgrades: servers.some((server) => server.listenerCount('upgrade') > 0),
    memoryStores: countMemoryStores(),
  });
  const session = new Session();
  const answers: Record<string, () => Promise<unknown>> = {
    '/seen': async () => seen(),
    '/start': async () => {
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
      await session.post('Profiler.start');
      return true;
    },
    '/stop': async () => {
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      return profile;
    },
  };
  const desk = createServer(({ url = '' }, response) => {
    const answer = answers[url];
    if (answer === undefined) {
      response.writeHead(404).end();
      return;
    }
    answer().then(
      (value) => response.end(JSON.stringify(value)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  // Of a worker before this one.
  rmSync(socket, { force: true });
  desk.listen(socket).unref();
}
