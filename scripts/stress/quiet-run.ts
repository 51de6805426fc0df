import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { usableCores } from '../../src/engine/host/quota.ts';
import { median } from '../../src/engine/median.ts';
import type { Measured } from '../../src/engine/stress/run-record.ts';
import { generate } from '../load/drive.ts';
import { treeCpuSeconds } from '../load/processes.ts';
import { prepareData, startInstance } from './instance.ts';
import type { Route } from './scenario.ts';

/** Pages out of memory, and a page that is rendered for each visitor: no two of them search for the same. */
const PAGES: readonly Route[] = [
  { name: 'home', share: 4, path: '/' },
  { name: 'posts', share: 2, path: '/posts' },
  { name: 'search', share: 1, path: '/search?q=tree:n' },
];
/** A site of a team's own has this page at least. */
const PAGES_ANYWHERE: readonly Route[] = [{ name: 'home', share: 1, path: '/' }];

const REPEATS = 7;
/** The cheapest and the dearest so many of the repeats are left out: a stall of the machine must not hide a fall. */
const OUTLIERS = 1;
const SECONDS = 0.7;
/** So long the first visitors' code is compiled, s. */
const WARM_UP_SECONDS = 2;
/** One visitor at a time, who asks again when he has his answer: server and generator take turns, and never more than one core. */
const VISITORS = 1;
/** What is copied twice must not fill the disk. */
const MAX_DATA_BYTES = 1_073_741_824;
/** The start leaves work behind. */
const SETTLE_MS = 1_000;

/** Of the instance: as little as can be beside the server that visitors use. */
const QUIET_ENV = {
  TAHAN_WORKERS_MIN: '1',
  TAHAN_WORKERS_MAX: '1',
  TAHAN_SPARE: '0',
  TAHAN_WORKER_NICE: '19',
  TAHAN_MONITOR: '0',
  TAHAN_LAB: '0',
};

/**
 * CPU time of each page, on an instance of its own with a copy of the data. It does not depend on what else the machine does,
 * as a rate would.
 * @throws {Error} nothing could be measured
 */
export async function measureQuietly(dataDir: string): Promise<Measured> {
  const database = join(dataDir, 'site.db');
  if (existsSync(database) && statSync(database).size > MAX_DATA_BYTES)
    throw new Error(
      `the data is larger than ${MAX_DATA_BYTES / 1_073_741_824} GiB: npm run stress can be used by hand`,
    );
  const data = await prepareData(dataDir, false);
  const { port, own } = await startInstance(data, QUIET_ENV, 1);
  const pages = (process.env.TAHAN_SITE ?? '') === '' ? PAGES : PAGES_ANYWHERE;
  try {
    await delay(SETTLE_MS);
    const costs = new Map<Route, number[]>(pages.map((page) => [page, []]));
    for (const page of pages) await costOf(own!.pid, port, page, WARM_UP_SECONDS);
    // Page by page in turn: what the machine does meanwhile touches all of them.
    for (let repeat = 0; repeat < REPEATS; repeat += 1)
      for (const [page, values] of costs) values.push(await costOf(own!.pid, port, page, SECONDS));
    return resultOf(costs);
  } finally {
    await own!.stop();
    await data.remove();
  }
}

/** CPU time of the server for one request, ms. */
async function costOf(pid: number, port: number, { name, path }: Route, seconds: number): Promise<number> {
  const before = treeCpuSeconds(pid);
  const load = { port, path, seconds, connections: VISITORS };
  const { answers, errors } = await generate('closed', load, seconds * 1_000);
  const done = answers.offered - errors;
  if (done < 1 || errors > done / 100) throw new Error(`${name} (${path}) was not answered: ${errors} errors`);
  return (1_000 * (treeCpuSeconds(pid) - before)) / done;
}

/** The cheapest repeats of all pages are one value of the capacity, the second cheapest the next, and so on. */
function resultOf(measured: ReadonlyMap<Route, readonly number[]>): Measured {
  const costs = [...measured].map(
    ([page, values]) => [page, values.toSorted((a, b) => a - b).slice(OUTLIERS, -OUTLIERS)] as const,
  );
  const shares = costs.reduce((sum, [{ share }]) => sum + share, 0);
  const cores = usableCores();
  const perSecond = Array.from({ length: REPEATS - 2 * OUTLIERS }, (_, rank) => {
    const meanMs = costs.reduce((sum, [{ share }, values]) => sum + (share / shares) * values[rank]!, 0);
    return (1_000 * cores) / meanMs;
  });
  return {
    perSecond,
    costs: costs.map(([{ name, share }, values]) => ({ name, share: share / shares, cpuMs: median(values) })),
  };
}
