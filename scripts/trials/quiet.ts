import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drive } from '../load/drive.ts';
import { type Latencies, percentileMs, together } from '../load/latencies.ts';
import { ADDRESSES } from '../load/members.ts';
import { answers, freePort, launch, processTree } from '../load/processes.ts';
import type { LoadReport } from '../load/run-load.ts';
import { judged, type Seen } from './goals.ts';

/**
 * `npm run trial:quiet`: a server whose scheduled stress run (`TAHAN_STRESS_SCHEDULE`) is due each minute, while 50 visitors
 * a second read. What do they measure beside the run, and what without it? Exit code 1 when a goal is missed; it takes three and a half
 * minutes, and a machine that does nothing else.
 */
const SECONDS = 205;
const PER_SECOND = 50;
/** The server starts, and its pages are rendered for the first time. */
const LEFT_OUT_S = 10;
/** Of each kind, for a percentile that says something. */
const LEAST_S = 30;
const MOST_SLOWER = 1.2;

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

async function trial(): Promise<boolean> {
  const kept = process.env.TAHAN_DATA_DIR;
  const dataDir = kept ?? (await mkdtemp(join(tmpdir(), 'tahan-quiet-')));
  const port = Number(process.env.PORT ?? (await freePort()));
  const adminPort = Number(process.env.TAHAN_ADMIN_PORT ?? (await freePort()));
  const env = {
    PORT: String(port),
    TAHAN_ADMIN_PORT: String(adminPort),
    TAHAN_DATA_DIR: dataDir,
    TAHAN_STRESS_SCHEDULE: '* * * * *',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
    ...ADDRESSES,
  };
  const server = await launch(
    { name: 'Tahan', command: process.execPath, args: [main], env, place: 'all', limitMs: 120_000 },
    () => answers(port, '/health/ready'),
  );
  const runs: boolean[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    const report = await drive(
      {
        port,
        connections: 'keep-alive',
        phases: [{ seconds: SECONDS, rate: PER_SECOND }],
        classes: [
          { name: 'home', share: 4, path: '/' },
          { name: 'posts', share: 2, path: '/posts' },
          { name: 'search', share: 1, path: '/search?q=tree' },
        ],
        maxSendLagMs: 50,
      },
      () => {
        const from = performance.now();
        timer = setInterval(() => {
          runs[Math.floor((performance.now() - from) / 1_000)] = stressRuns(server.pid);
        }, 1_000);
      },
    );

    return verdict(report, runs);
  } finally {
    clearInterval(timer);
    await server.stop();
    if (kept === undefined) await rm(dataDir, { recursive: true, force: true });
  }
}

const stressRuns = (pid: number): boolean =>
  processTree(pid).some((one) => {
    try {
      return readFileSync(`/proc/${one}/cmdline`, 'latin1').includes('stress-quiet');
    } catch {
      return false; // ended between two looks
    }
  });

function verdict(report: LoadReport, runs: readonly boolean[]): boolean {
  const series = Object.values(report.classes).map((one) => one.series);
  const seconds = (during: boolean): number[] =>
    Array.from({ length: SECONDS - LEFT_OUT_S }, (_, index) => index + LEFT_OUT_S).filter(
      // The second in which it begins or ends belongs to neither.
      (at) => [at - 1, at, at + 1].every((near) => (runs[near] ?? false) === during),
    );
  const latencies = (at: readonly number[]): Latencies =>
    together(at.flatMap((second) => series.map((one) => one[second]?.accepted ?? [])));
  const [beside, without] = [seconds(true), seconds(false)];
  const p = (at: readonly number[], percent: number): number => percentileMs(latencies(at), percent) ?? Number.NaN;
  const all = Object.values(report.classes);
  const offered = all.reduce((sum, one) => sum + one.offered, 0);
  const good = all.reduce((sum, one) => sum + one.good, 0);
  const ratio = p(beside, 99) / p(without, 99);
  const shown = (at: readonly number[]): string => `${p(at, 50).toFixed(2)} and ${p(at, 99).toFixed(2)} ms`;
  console.log(
    `${beside.length} s beside a run, ${without.length} s without; p50 and p99 ${shown(beside)}, ${shown(without)}`,
  );
  if (report.void !== undefined) console.log(`void: ${report.void}`);
  const seen: Seen[] = [
    ['a whole run was seen', `${beside.length} s`, beside.length >= LEAST_S && without.length >= LEAST_S],
    ['nobody was failed', `${good} of ${offered} good`, good === offered],
    [`p99 within ${MOST_SLOWER} times`, `x${ratio.toFixed(2)}`, ratio <= MOST_SLOWER],
  ];
  return judged(seen) && report.void === undefined;
}

process.exitCode = (await trial()) ? 0 : 1;
