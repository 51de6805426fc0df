import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { moduleNear } from '../../src/engine/module-near.ts';
import { ADDRESSES, seedSite } from '../load/members.ts';
import { answers, freePort, launch, processTree, signal } from '../load/processes.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** Root of the Tahan under test: this one, or a copy with a fault in it (TAHAN_INTERNAL_STRESS_ROOT, an absolute path). */
const ROOT = process.env.TAHAN_INTERNAL_STRESS_ROOT ?? fileURLToPath(new URL('../../', import.meta.url));

/** A machine that is full takes a minute for what takes two seconds. */
const START_LIMIT_MS = 120_000;

/** The command that serves an app of others. */
const TAHAN = fileURLToPath(moduleNear('../../src/engine/bin/tahan', import.meta.url));

/** An app of others, and what it is started with. */
export interface App {
  file: string;
  args: readonly string[];
}

/** Where the load goes. What only an instance of one's own has is undefined elsewhere. */
export interface Target {
  host: string;
  port: number;
  own?: OwnInstance;
}

export interface OwnInstance {
  adminPort: number;
  /** The primary. */
  pid: number;
  dataDir: string;
  upstream: Upstream;
  stop: () => Promise<void>;
}

/** A filled data folder from which each instance gets a copy. */
export interface DataTemplate {
  copyTo: (folder: string) => Promise<void>;
  /** What it was made of, for the report. */
  text: string;
  remove: () => Promise<void>;
}

/** An app of others keeps its data where it wants; Tahan's own folder begins empty. */
export const OF_THE_APP: DataTemplate = {
  text: 'the app’s own: it runs a second time, beside the one that visitors use',
  copyTo: async () => {},
  remove: async () => {},
};

/**
 * Makes the data of the instances: a copy of the site's data where there is some (taken while it runs: SQLite's own
 * backup), with 500 made-up members besides where they are wanted; the original is only read.
 */
export async function prepareData(dataDir: string, members = true): Promise<DataTemplate> {
  const folder = await mkdtemp(join(tmpdir(), 'tahan-stress-data-'));
  const original = join(dataDir, 'site.db');
  const isCopy = existsSync(original);
  if (isCopy) {
    const db = new Database(original, { readonly: true });
    try {
      await db.backup(join(folder, 'site.db'));
    } finally {
      db.close();
    }
  }
  if (members) await seedSite(folder);
  return {
    text: isCopy ? `a copy of ${dataDir}, with made-up members` : 'sample content, with made-up members',
    copyTo: (to) => cp(folder, to, { recursive: true }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const STANDARD_ENV = { HOST: '127.0.0.1', LOG_LEVEL: 'warn', ...ADDRESSES };
/** Settings of the person's own server that an instance beside it must not have. */
const NOT_TAKEN_OVER = [
  'PORT',
  'TAHAN_ADMIN_PORT',
  'TAHAN_ADMIN_HOST',
  'TAHAN_HOSTS',
  'TAHAN_PUBLIC_URL',
  'TAHAN_ALERT_WEBHOOK',
  'TAHAN_ALERT_EMAIL',
  'TAHAN_BACKUP',
  'TAHAN_STRESS_SCHEDULE',
] as const;

/**
 * Starts a server of its own on free ports of loopback, with a copy of the data.
 * @throws {ServerStartError}
 */
export async function startInstance(
  data: DataTemplate,
  env: Record<string, string>,
  labRate: number,
  app?: App,
): Promise<Target> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tahan-stress-'));
  await mkdir(dataDir, { recursive: true });
  const upstream = await startUpstream();
  const stopAll = async (): Promise<void> => {
    await upstream.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await data.copyTo(dataDir);
    const port = await freePort();
    const adminPort = await freePort();
    const all = {
      ...Object.fromEntries(NOT_TAKEN_OVER.map((name) => [name, ''])),
      ...STANDARD_ENV,
      ...(app === undefined ? { TAHAN_LAB: '1' } : { NODE_OPTIONS: process.env.NODE_OPTIONS ?? '' }),
      TAHAN_INTERNAL_LAB_RATE: String(labRate),
      TAHAN_INTERNAL_LAB_UPSTREAM: upstream.url,
      ...env,
      PORT: String(port),
      TAHAN_ADMIN_PORT: String(adminPort),
      TAHAN_DATA_DIR: dataDir,
    };
    const server = await launch(
      {
        name: 'Tahan',
        command: process.execPath,
        ...(app === undefined
          ? { args: [join(ROOT, 'src/main.ts')], cwd: ROOT }
          : { args: [TAHAN, 'run', app.file, ...app.args] }),
        env: all,
        place: 'all',
        limitMs: START_LIMIT_MS,
      },
      () => answers(adminPort, '/health'),
    );
    return {
      host: '127.0.0.1',
      port,
      own: {
        adminPort,
        pid: server.pid,
        dataDir,
        upstream,
        async stop() {
          // Nothing of it is kept: it need not finish anything.
          for (const one of processTree(server.pid)) signal(one, 'SIGKILL');
          await server.stop();
          await stopAll();
        },
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}
