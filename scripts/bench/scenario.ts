import { drive, type Load } from '../load/drive.ts';
import { treeRssBytes } from '../load/processes.ts';
import type { LoadReport } from '../load/run-load.ts';
import type { ClassReport } from '../load/tally.ts';
import type { RunningServer, ServerKind, StartOptions } from './servers/kinds.ts';

/** One line of a result: a server in a case, its numbers. `null`: did not happen within the time measured. */
export interface Row {
  server: string;
  case: string;
  values: Record<string, number | null>;
  /** Why the numbers of this line must not be used. */
  void?: string;
}

/** What a scenario works with. */
export interface Bench {
  /** Seconds of each measured point. */
  seconds: number;
  /** Iterations of the lab's arithmetic per millisecond, the same for every server. */
  labRate: number;
  /** Number of this run, from 1: seeds differ between runs. */
  run: number;
  /** Capacity C, requests per second; measured once per run. */
  capacity: () => Promise<number>;
  /** Of the wanted servers, those asked for and installed. */
  pick: (wanted: readonly ServerKind[]) => ServerKind[];
  /** Progress for the person who waits. */
  say: (line: string) => void;
}

export interface Scenario {
  name: string;
  title: string;
  /** What is measured and how, a paragraph. */
  text: string;
  run: (bench: Bench) => Promise<Row[]>;
  /** A last column in words, from the medians of a row. */
  verdict?: (row: Row) => string;
  /** The value that its chart shows; absent: no chart. */
  chart?: { value: string; unit: string; cases: (name: string) => boolean };
}

export interface Point {
  report: LoadReport;
  rssBeforeBytes: number;
  rssAfterBytes: number;
}

const ATTEMPTS = 3;

/** Starts a server on the server's core, lets `work` have it, and ends it whatever happens. */
export async function withServer<Result>(
  bench: Pick<Bench, 'labRate'>,
  kind: ServerKind,
  options: Partial<StartOptions>,
  work: (server: RunningServer) => Promise<Result>,
): Promise<Result> {
  const server = await kind.start({ place: 'server', labRate: bench.labRate, ...options });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** Resident memory of a server's processes, bytes. */
export const rssOf = ({ pids }: RunningServer): number => pids.reduce((sum, pid) => sum + treeRssBytes(pid), 0);

/** Takes a measurement again while it is void, three times in all. */
export async function untilSound<Result extends { void?: string }>(
  bench: Pick<Bench, 'say'>,
  take: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    const taken = await take();
    if (taken.void === undefined || attempt === ATTEMPTS) return taken;
    bench.say(`  void (${taken.void}): once more`);
  }
}

/**
 * One measured point: a fresh server, a load, the server's end. A void load is tried again, three times in all.
 * @param during called at the first request
 */
export async function measure(
  bench: Bench,
  kind: ServerKind,
  options: Partial<StartOptions>,
  load: Omit<Load, 'port'>,
  during?: (server: RunningServer) => void | Promise<void>,
): Promise<Point> {
  const { point } = await untilSound(bench, () =>
    withServer(bench, kind, options, async (server) => {
      const rssBeforeBytes = rssOf(server);
      let underWay: void | Promise<void>;
      const report = await drive({ seed: bench.run, ...load, port: server.port }, () => {
        underWay = during?.(server);
      });
      await underWay!;
      return { point: { report, rssBeforeBytes, rssAfterBytes: rssOf(server) }, ...voidOf(report) };
    }),
  );
  return point;
}

/** `value` of `whole` in percent; 100 of nothing is 100. */
export const percent = (value: number, whole: number): number => (whole === 0 ? 100 : (100 * value) / whole);

/** Requests of a class that got no answer at all. */
export const lostOf = ({ timedOut, reset, unsent }: ClassReport): number => timedOut + reset + unsent;

/** The reason of a void run as a field of its row. */
export const voidOf = (report: { void?: string }): { void?: string } =>
  report.void === undefined ? {} : { void: report.void };
