import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { calibrate } from '../../src/site/features/lab/burn.ts';
import { drive } from '../load/drive.ts';
import { postPaths } from '../load/members.ts';
import { clusterWorkers, signal } from '../load/processes.ts';
import type { LoadClass } from '../load/spec.ts';
import { prepareData, startInstance } from '../stress/instance.ts';
import { everyDay, fromTheNews } from './visitors.ts';

/** What a server goes through, in this order. */
export const STATES = ['calm', 'surge', 'saturated', 'lifeboat', 'recovery'] as const;
export type State = (typeof STATES)[number];

/** How long each lasts, s, and what comes meanwhile, requests a second. */
const PARTS: Record<State, { seconds: number; rate: number; news: boolean }> = {
  calm: { seconds: 25, rate: 40, news: false },
  surge: { seconds: 15, rate: 400, news: true },
  // Longer than the alert of it asks for.
  saturated: { seconds: 42, rate: 2_500, news: true },
  lifeboat: { seconds: 12, rate: 400, news: true },
  recovery: { seconds: 25, rate: 40, news: false },
};
/** Before its end each is as it is. */
const LOOK_BEFORE_END_MS = 4_000;
const STOP_EVERY_MS = 100;

/** A real server goes through all of it, up to `last`; `look` has it at the end of each state. */
export async function throughASurge(
  last: State,
  begin: (adminPort: number) => Promise<void>,
  look: (state: State) => Promise<void>,
): Promise<void> {
  const data = await prepareData('', false);
  const labRate = calibrate();
  try {
    const target = await startInstance(data, { TAHAN_WORKERS_MIN: '1', TAHAN_WORKERS_MAX: '2' }, labRate);
    const { adminPort, pid, stop } = target.own!;
    try {
      const posts = (await postPaths(target.port)).slice(0, 6);
      await begin(adminPort);
      for (const state of STATES.slice(0, STATES.indexOf(last) + 1)) {
        const { seconds, rate, news } = PARTS[state];
        const held = new AbortController();
        const holding = state === 'lifeboat' ? holdWorkers(pid, held.signal) : Promise.resolve();
        const load = send(target.port, seconds, rate, news ? fromTheNews(posts) : everyDay(posts));
        await delay(seconds * 1_000 - LOOK_BEFORE_END_MS);
        await look(state);
        held.abort();
        await Promise.all([holding, load]);
      }
    } finally {
      await stop();
    }
  } finally {
    await data.remove();
  }
}

const send = (port: number, seconds: number, rate: number, classes: LoadClass[]): Promise<unknown> =>
  drive({ port, connections: 'keep-alive', phases: [{ seconds, rate }], classes });

/** Every worker stands still, and each that takes the place of one, too. */
async function holdWorkers(primary: number, until: AbortSignal): Promise<void> {
  const stopped = new Set<number>();
  while (!until.aborted) {
    for (const pid of clusterWorkers(primary)) if (signal(pid, 'SIGSTOP')) stopped.add(pid);
    await delay(STOP_EVERY_MS);
  }
  for (const pid of stopped) if (isOf(primary, pid)) signal(pid, 'SIGCONT');
}

/** The number of a process that has ended may be another's by now. */
function isOf(parent: number, pid: number): boolean {
  try {
    return new RegExp(`^PPid:\\s+${parent}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false; // ended
  }
}
