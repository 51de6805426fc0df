import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { answers, freePort, launch } from '../load/processes.ts';
import { kendallTau, median } from '../load/statistics.ts';
import { judged, type Seen } from './goals.ts';
import { comeAndWait, connections, type Person, type Told } from './person.ts';
import { PAGE_MS, PLACES } from './room-site.ts';

/**
 * `npm run trial:room`: 5,000 people with a connection of their own each come within 20 s to a real server with room for 50
 * a second, so that thousands wait at once. A tenth are members; of the others every seventh gives up. Says how the line
 * was kept; exit code 1 when a goal is missed.
 */
const PEOPLE = 5_000;
const COME_WITHIN_MS = 20_000;
const MEMBERS = 0.1;
const LEAVERS = 1 / 7;
/** Estimates are judged by the time that was left, if that was so long, s. */
const MOMENT_S = 5;

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const site = fileURLToPath(new URL('./room-site.ts', import.meta.url));

async function trial(): Promise<boolean> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tahan-room-'));
  const port = Number(process.env.PORT ?? (await freePort()));
  const adminPort = Number(process.env.TAHAN_ADMIN_PORT ?? (await freePort()));
  const env = {
    PORT: String(port),
    TAHAN_ADMIN_PORT: String(adminPort),
    TAHAN_DATA_DIR: dataDir,
    TAHAN_SITE: site,
    TAHAN_ROOM: 'on',
    TAHAN_WORKERS_MIN: '1',
    TAHAN_WORKERS_MAX: '1',
    TAHAN_SPARE: '0',
    TAHAN_ASYNC_LIMIT: String(PLACES),
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
  };
  const server = await launch(
    { name: 'Tahan', command: process.execPath, args: [main], env, place: 'all', limitMs: 120_000 },
    () => answers(port, '/health/ready'),
  );
  try {
    // A line is kept from the first who finds no room: the news of it comes every 250 ms.
    await delay(1_000);
    const began = performance.now();
    const watch = watchWaiting(adminPort);
    const people = await Promise.all(
      Array.from({ length: PEOPLE }, async (_, n) => {
        await delay(Math.random() * COME_WITHIN_MS);
        const member = n < PEOPLE * MEMBERS;
        const leaves = !member && Math.random() < LEAVERS;
        return comeAndWait(port, member, leaves ? 4_000 + Math.random() * 40_000 : Number.POSITIVE_INFINITY);
      }),
    );
    const counted = await watch.stop();
    return report(people, began, counted);
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Looks every second how many the server counts in line. */
function watchWaiting(adminPort: number): { stop: () => Promise<{ at: number; waiting: number }[]> } {
  const seen: { at: number; waiting: number }[] = [];
  const look = async (): Promise<void> => {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    const waiting = /^tahan_room_waiting (\d+)/m.exec(text)?.[1];
    if (waiting !== undefined) seen.push({ at: performance.now(), waiting: Number(waiting) });
  };
  const timer = setInterval(() => look().catch(() => {}), 1_000);
  return {
    async stop() {
      clearInterval(timer);
      // Tickets of the last ones who left are over some seconds after they were due.
      await delay(10_000);
      await look();
      return seen;
    },
  };
}

function report(
  people: readonly Person[],
  began: number,
  counted: readonly { at: number; waiting: number }[],
): boolean {
  const landed = people.filter(({ landedAt }) => landedAt !== undefined);
  const left = people.filter(({ leftAt }) => leftAt !== undefined);
  const failed = people.filter(({ failed }) => failed !== undefined);
  const line = landed.filter(({ order }) => order !== undefined);
  const newcomers = line.filter(({ member }) => !member);
  const members = line.filter(({ member }) => member);
  const tau = kendallTau(
    newcomers.map(({ order }) => order!),
    newcomers.map(({ landedAt }) => landedAt!),
  );
  const errorsOf = (which: (told: readonly Told[]) => readonly Told[]): number[] =>
    line.flatMap(({ told, landedAt }) =>
      which(told).flatMap(({ at, seconds }) => {
        const tookS = (landedAt! - at) / 1_000;
        // Less than that is told as "a moment".
        return tookS < MOMENT_S ? [] : [Math.abs(seconds - tookS) / tookS];
      }),
    );
  const error = median(errorsOf((told) => told));
  const firstError = median(errorsOf((told) => told.slice(0, 1)));
  const lastAt = Math.max(...landed.map(({ landedAt }) => landedAt!));
  const used = (landed.length * PAGE_MS) / PLACES / (lastAt - began);
  const waitOf = (some: readonly Person[]): number =>
    median(some.map(({ cameAt, landedAt }) => landedAt! - cameAt)) / 1_000;
  // Since when all who give up have left, and had the time to be missed.
  const missedAt = Math.max(...left.map(({ leftAt }) => leftAt!)) + 8_000;
  const waitingAt = (at: number): number =>
    people.filter(({ cameAt, landedAt, leftAt }) => cameAt <= at && (landedAt ?? leftAt ?? 0) > at).length;
  const tooMany = counted.filter(({ at }) => at > missedAt).map(({ at, waiting }) => waiting - waitingAt(at));
  const mostWaiting = Math.max(...people.map(({ cameAt }) => waitingAt(cameAt)));
  const goals: Seen[] = [
    ['waited at once', `${mostWaiting} people, ${connections.most} connections open`, mostWaiting >= 1_000],
    ['let in, left, failed', `${landed.length}, ${left.length}, ${failed.length}`, failed.length === 0],
    ['order kept (Kendall tau)', tau.toFixed(4), tau > 0.99],
    [
      'error of the estimates, median',
      `${(100 * error).toFixed(1)} % (of the first one that each was told ${(100 * firstError).toFixed(1)} %)`,
      error <= 0.25,
    ],
    ['capacity used', `${(100 * used).toFixed(1)} %`, used > 0.95],
    [
      'counted though they left',
      `at most ${Math.max(0, ...tooMany)}, ${counted.at(-1)?.waiting} in the end`,
      Math.max(0, ...tooMany) <= 0.02 * PEOPLE && counted.at(-1)?.waiting === 0,
    ],
    [
      'median wait of members and newcomers',
      `${waitOf(members).toFixed(1)} s and ${waitOf(newcomers).toFixed(1)} s`,
      waitOf(members) < waitOf(newcomers) / 2,
    ],
  ];
  const held = judged(goals);
  for (const { failed: why } of failed.slice(0, 5)) console.log(`       failed: ${why}`);
  return held;
}

process.exitCode = (await trial()) ? 0 : 1;
