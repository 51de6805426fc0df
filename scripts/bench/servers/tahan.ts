import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answers, freePort, launch } from '../../load/processes.ts';
import type { ServerKind } from './kinds.ts';

/**
 * Root of the Tahan under measurement, with a slash at its end: this one, or for work on the bench itself another
 * version's tree (TAHAN_INTERNAL_BENCH_ROOT, an absolute path).
 */
export const TAHAN_ROOT = process.env.TAHAN_INTERNAL_BENCH_ROOT ?? fileURLToPath(new URL('../../../', import.meta.url));

/** Tahan with its built-in site and the lab routes, in a fresh data folder. */
export const tahan: ServerKind = {
  name: 'tahan',
  title: 'Tahan',
  missing: () => undefined,
  async start({ place, workers = { min: 1, max: 1 }, spare, labRate, env: more = {}, fill }) {
    const dataDir = await mkdtemp(join(tmpdir(), 'tahan-bench-'));
    const port = await freePort();
    const adminPort = await freePort();
    const env = {
      PORT: String(port),
      HOST: '127.0.0.1',
      TAHAN_ADMIN_PORT: String(adminPort),
      TAHAN_DATA_DIR: dataDir,
      TAHAN_LAB: '1',
      TAHAN_INTERNAL_LAB_RATE: String(labRate),
      TAHAN_WORKERS_MIN: String(workers.min),
      TAHAN_WORKERS_MAX: String(workers.max),
      ...(spare === undefined ? {} : { TAHAN_SPARE: String(spare) }),
      LOG_LEVEL: 'warn',
      ...more,
    };
    try {
      await fill?.(dataDir);
      const server = await launch(
        { name: 'Tahan', command: process.execPath, args: [join(TAHAN_ROOT, 'src/main.ts')], env, place },
        () => answers(port, '/health/ready'),
      );
      return {
        port,
        adminPort,
        pids: [server.pid],
        async stop() {
          await server.stop();
          await rm(dataDir, { recursive: true });
        },
      };
    } catch (error) {
      await rm(dataDir, { recursive: true });
      throw error;
    }
  },
};
