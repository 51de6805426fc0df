import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../config.ts';
import { createLog } from '../log.ts';
import { sessionSecret } from '../secret.ts';
import { startAdmin } from './admin.ts';
import { withCompileCache } from './compile-cache.ts';
import { keepLimiters } from './limiters.ts';
import { bindPort } from './port.ts';
import type { Settings } from './settings.ts';
import { createSupervisor } from './supervisor.ts';

export interface PrimaryOptions {
  /** Reads the settings; again at each reload. @throws {ConfigError} */
  read: () => Settings;
  /** The module to run in children. */
  main: URL;
  /** What workers run instead of it: an app of others, as Node's main module. */
  worker?: { exec: string; args: string[]; execArgv: string[] };
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

/** The site could not be prepared; what it printed says why. */
class PrepareError extends Error {
  readonly code = 'SITE_START';
  /** What it said itself. */
  readonly reason: string | undefined;
  constructor(message: string, reason: string | undefined) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Starts the server: binds the port, prepares the site in a process of its own, forks workers and the lifeboat, and
 * then supervises until it is told to stop.
 * @throws {DataFolderError | PortError | PrepareError} what stops the start
 */
export async function startPrimary(options: PrimaryOptions): Promise<void> {
  const { main } = options;
  const first = options.read();
  const { config } = first;
  sessionSecret(config.dataDir, config.sessionSecret);
  const port = await bindPort(config.host, config.port, 'PORT');
  const forChildren = ({ config: read, env }: Settings): Settings => ({
    config: read,
    env: withCompileCache({ ...env, TAHAN_INTERNAL_PORT: String(port.port) }, config.dataDir),
  });
  const settings = forChildren(first);
  const log = createLog(config.logLevel, 'primary');

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

  const supervisor = createSupervisor({
    settings,
    read: () => forChildren(options.read()),
    async prepare(env) {
      await runPrepare(main, env).catch((error: unknown) => {
        throw error instanceof PrepareError && error.reason !== undefined
          ? new Error(error.reason, { cause: error })
          : error;
      });
    },
    main,
    handle: port.handle,
    port: port.port,
    log,
  });
  const admin = await startAdmin(config.adminHost, config.adminPort, supervisor.sources);
  admin.server.on('error', (error) => log.error({ error: error.message }, 'the admin port failed'));
  await runPrepare(main, settings.env);

  cluster.setupPrimary(options.worker ?? { exec: fileURLToPath(main), args: [] });
  keepLimiters();
  supervisor.start();
  stopNow = () => {
    supervisor.kill();
    process.exit(1);
  };
  stop = async () => {
    log.info('stopping: workers drain');
    await supervisor.stop();
    admin.server.close();
    admin.server.closeAllConnections();
    process.exit(0);
  };
  process.on('SIGUSR2', () => log.info({ fleet: supervisor.sources.fleet() }, 'state of the fleet'));
  process.on('uncaughtException', (error) => {
    log.fatal({ error: error.stack }, 'the primary failed');
    supervisor.kill();
    process.exit(1);
  });

  await supervisor.serving;
  reload = () => supervisor.reload();
  const shown = (host: string): string =>
    host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const { announce = announceInOneLine } = options;
  announce({
    config,
    url: config.publicUrl || `http://${shown(config.host)}:${port.port}`,
    adminUrl: `http://${shown(config.adminHost)}:${admin.port}`,
    adminPort: admin.port,
  });
  process.send?.('ready');
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

/** What a failed preparation wrote, up to so many characters, goes into the report of a reload. */
const MAX_REASON = 2_000;

/** @throws {PrepareError} it ended with an error; its own line says which */
async function runPrepare(main: URL, env: NodeJS.ProcessEnv): Promise<void> {
  const child = fork(fileURLToPath(main), [], {
    env: { ...env, TAHAN_INTERNAL_ROLE: 'prepare' },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr!.on('data', (part: Buffer) => {
    process.stderr.write(part);
    said = (said + part.toString()).slice(-MAX_REASON);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code === 0) return;
  const reason = /^tahan: (.+)$/m.exec(said)?.[1];
  throw new PrepareError(`the site could not be prepared (${signal ?? `exit code ${code}`})`, reason);
}
