import { drive, type Load } from './drive.ts';
import type { LoadReport } from './load/run-load.ts';
import type { ClassReport } from './load/tally.ts';
import type { RunningServer, ServerKind, StartOptions } from './servers/kinds.ts';
import { treeRssBytes } from './servers/processes.ts';

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
  for (let attempt = 1; ; attempt += 1) {
    const server = await kind.start({ place: 'server', labRate: bench.labRate, ...options });
    try {
      const rss = (): number => server.pids.reduce((sum, pid) => sum + treeRssBytes(pid), 0);
      const rssBeforeBytes = rss();
      let underWay: void | Promise<void>;
      const report = await drive({ seed: bench.run, ...load, port: server.port }, () => {
        underWay = during?.(server);
      });
      await underWay!;
      const point = { report, rssBeforeBytes, rssAfterBytes: rss() };
      if (report.void === undefined || attempt === ATTEMPTS) return point;
      bench.say(`  void (${report.void}): once more`);
    } finally {
      await server.stop();
    }
  }
}

/** `value` of `whole` in percent; 100 of nothing is 100. */
export const percent = (value: number, whole: number): number => (whole === 0 ? 100 : (100 * value) / whole);

/** Requests of a class that got no answer at all. */
export const lostOf = ({ timedOut, reset, unsent }: ClassReport): number => timedOut + reset + unsent;

/** The reason of a void run as a field of its row. */
export const voidOf = (report: LoadReport): { void?: string } =>
  report.void === undefined ? {} : { void: report.void };
