import { closeSync, openSync } from 'node:fs';
import { type Config, ConfigError } from '../../config.ts';
import { AlertFileError, readAlertSettings } from '../alerts/file.ts';
import { createLog } from '../log.ts';
import { logFileIn } from '../log-file.ts';
import { openFilesWarning } from '../open-files.ts';
import { operatorToken, sessionSecret, TOKEN_FILE } from '../secret.ts';
import { settle } from '../settle.ts';
import { startAdmin } from './admin.ts';
import { claimDataFolder } from './data-folder.ts';
import { keepLimiters } from './limiters.ts';
import { watchLogSize } from './log-size.ts';
import { createPlace } from './place.ts';
import { bindPort } from './port.ts';
import { PrepareError, runPrepare } from './prepare.ts';
import type { WorkerProgram } from './release.ts';
import { createServiceManager, inheritedPort, takeManagerWords } from './service-manager.ts';
import type { ReadSettings } from './settings.ts';
import { createSupervisor } from './supervisor.ts';

export interface PrimaryOptions {
  /** Reads the settings; again at each reload. @throws {ConfigError} */
  read: () => ReadSettings;
  /** The module to run in children. */
  main: URL;
  /** What workers run instead of it: an app of others, as Node's main module. */
  worker?: WorkerProgram;
  /** Tells the person who started the server that it serves; default: one line. */
  announce?: (started: Started) => void;
}

/** A server that serves. */
export interface Started {
  config: Config;
  /** Where visitors arrive, and where the operator looks. */
  url: string;
  adminUrl: string;
  adminPort: number;
}

/** Ctrl-C under npm comes twice, from the terminal and from npm: a signal so soon after the first is its echo, ms. */
const ECHO_MS = 500;

/**
 * Starts the server: binds the port, prepares the site in a process of its own, forks workers and the lifeboat, and
 * then supervises until it is told to stop.
 * @throws {DataFolderError | PortError | PrepareError | SiteMistakesError} what stops the start
 */
export async function startPrimary(options: PrimaryOptions): Promise<void> {
  const { main } = options;
  const words = takeManagerWords();
  const read = (): ReadSettings => withAlertsChecked(options.read());
  const first = read();
  const { config } = first;
  sessionSecret(config.dataDir, config.sessionSecret);
  claimDataFolder(config.dataDir);
  const operator = config.monitor ? operatorToken(config.dataDir, config.adminToken) : undefined;
  const log = createLog(config.logLevel, 'primary', config);
  if (config.logBytes > 0)
    watchLogSize(logFileIn(config.dataDir), config.logBytes, (problem) =>
      log.warn({ problem }, 'the kept log cannot be cut to its size'),
    );
  const manager = createServiceManager(log, words);
  const port = inheritedPort(words) ?? (await bindPort(config.host, config.port, 'PORT'));
  const place = createPlace({ main, worker: options.worker, port: port.port, read, log });
  const settings = place.first(first);

  let stopRequestedAt: number | undefined;
  let stop = async (): Promise<void> => process.exit(0);
  let stopNow = (): void => process.exit(1);
  const onStop = (): void => {
    if (stopRequestedAt === undefined) {
      stopRequestedAt = performance.now();
      void stop();
    } else if (performance.now() - stopRequestedAt > ECHO_MS) {
      stopNow();
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onStop);
  let reload = (): void => log.info('reload: the server only starts; what it reads is new anyway');
  const fromTerminal = hasTerminal();
  // A terminal that closes sends SIGHUP, too: then the server ends with it, and cuts no request short.
  process.on('SIGHUP', () => (fromTerminal && !hasTerminal() ? onStop() : reload()));

  const onWaiting = (ms: number): void =>
    log.warn(`prepareSite of the site has run for ${Math.round(ms / 1_000)} s: it is waited for`);
  const supervisor = createSupervisor({
    settings,
    read: place.read,
    stay: place.stay,
    async prepare(after) {
      await runPrepare(after, { deadlineMs: after.config.prepareMs, onWaiting }).catch((error: unknown) => {
        throw error instanceof PrepareError && error.reason !== undefined
          ? new Error(error.reason, { cause: error })
          : error;
      });
    },
    handle: port.handle,
    port: port.port,
    log,
  });
  const adminNames = URL.canParse(config.publicUrl)
    ? [...config.hosts, new URL(config.publicUrl).host]
    : [...config.hosts];
  const admin = await startAdmin(config.adminHost, config.adminPort, adminNames, supervisor.sources);
  admin.server.on('error', (error) => log.error({ error: error.message }, 'the admin port failed'));
  await runPrepare(settings, { deadlineMs: undefined, onWaiting });

  keepLimiters();
  supervisor.start();
  stopNow = () => {
    supervisor.kill();
    process.exit(1);
  };
  stop = async () => {
    manager.stopping();
    log.info('stopping: workers drain');
    try {
      await supervisor.stop();
    } catch (error) {
      log.error({ error: String(error) }, 'the workers could not be ended in order');
      stopNow();
    }
    admin.server.close();
    admin.server.closeAllConnections();
    process.exit(0);
  };
  process.on('SIGUSR2', () => log.info({ fleet: supervisor.sources.fleet() }, 'state of the fleet'));
  // The fleet is steered by its tick, which looks at facts alone: what one listener did not do is done by the next tick.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.error({ error: error instanceof Error ? error.stack : String(error) }, `${event} in the primary: it goes on`);
    });
  }

  await supervisor.ready.catch((error: unknown) => {
    supervisor.kill();
    throw error;
  });
  reload = () => supervisor.reload();
  const tooFewFiles = openFilesWarning(config.maxConnections);
  if (tooFewFiles !== undefined) log.warn(tooFewFiles);
  const shown = (host: string): string =>
    host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  if (operator?.made)
    console.log(
      `The operator token for actions at /ops, told this once: ${operator.token} (file ${TOKEN_FILE} of the data folder)`,
    );
  const { announce = announceInOneLine } = options;
  const url = config.publicUrl || `http://${shown(config.host)}:${port.port}`;
  announce({
    config,
    url,
    adminUrl: `http://${shown(config.adminHost)}:${admin.port}`,
    adminPort: admin.port,
  });
  process.send?.('ready');
  manager.ready(`serves ${url}`);
  settle();
}

/** @throws {ConfigError} one line for each mistake in the file of the alerts */
function withAlertsChecked(settings: ReadSettings): ReadSettings {
  try {
    readAlertSettings(settings.config.alerts);
  } catch (error) {
    throw error instanceof AlertFileError ? new ConfigError(error.problems) : error;
  }
  return settings;
}

const announceInOneLine = ({ config, url, adminUrl }: Started): void =>
  console.log(
    `Tahan serves ${url} - admin ${adminUrl} - workers ${config.workersMin} to ${config.workersMax} - data ${config.dataDir}`,
  );

/** Whether there is a terminal that this process belongs to. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false; // none, or it is gone
  }
}
