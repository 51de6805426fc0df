/**
 * `npm run test:generator`: does our generator count what wrk counts? A closed loop of the same connections on the same
 * server, in turn, several times. Exit code 1: they are more than 5 % apart (median of the pairs); 69: wrk is not
 * installed; 75: the machine was too busy with other work.
 */
import { fileURLToPath } from 'node:url';
import { CLOSED_LOOP_TOOL, throughput } from '../../scripts/bench/wrk.ts';
import { generate } from '../../scripts/load/drive.ts';
import { watchOthers } from '../../scripts/load/others.ts';
import { answers, freePort, launch } from '../../scripts/load/processes.ts';
import { BROWSER } from '../../scripts/load/request-bytes.ts';
import { median } from '../../scripts/load/statistics.ts';

const MAX_DIFFERENCE = 0.05;
const CONNECTIONS = [1, 16, 64];
const ROUNDS = 7;
/** A pair beside which other programs take more of the CPU time does not count; so many pairs are tried for those that do. */
const MOST_OTHERS = 0.1;
const MOST_PAIRS = 15;
const SECONDS = 2;
const EX_UNAVAILABLE = 69;
const EX_TEMPFAIL = 75;

/** Undefined: the machine was too busy with other work. */
async function compare(port: number, connections: number): Promise<boolean | undefined> {
  // The same bytes from both: a server reads further header fields for longer.
  const load = {
    port,
    path: '/',
    seconds: SECONDS,
    connections,
    headers: { 'User-Agent': BROWSER, Accept: 'text/html' },
  };
  const [wrk, own]: [number[], number[]] = [[], []];
  for (let pair = 0; pair < MOST_PAIRS && own.length < ROUNDS; pair += 1) {
    const others = watchOthers();
    const theirs = await throughput(load);
    const ours = await generate('closed', load, SECONDS * 1_000);
    if (others().share > MOST_OTHERS) continue;
    wrk.push(theirs.requestsPerSecond);
    own.push(ours.requestsPerSecond);
  }
  if (own.length < ROUNDS) {
    console.log(
      `! ${connections} connections: void, as other programs were busy beside ${MOST_PAIRS - own.length} of ${MOST_PAIRS} pairs`,
    );
    return undefined;
  }
  // Each pair for itself: the machine is not the same from one minute to the next.
  const ratio = median(own.map((value, round) => value / wrk[round]!));
  const agrees = Math.abs(ratio - 1) <= MAX_DIFFERENCE;
  const shown = (values: readonly number[]): string => median(values).toFixed(0);
  console.log(
    `${agrees ? '✓' : '✗'} ${connections} connections: wrk ${shown(wrk)}, ours ${shown(own)} requests a second (x${ratio.toFixed(3)})`,
  );
  return agrees;
}

async function main(): Promise<number> {
  if (CLOSED_LOOP_TOOL !== 'wrk') {
    console.error('wrk is not installed: apt install wrk');
    return EX_UNAVAILABLE;
  }
  const port = await freePort();
  const server = await launch(
    {
      name: 'the server',
      command: process.execPath,
      args: [fileURLToPath(new URL('./server.ts', import.meta.url))],
      env: { PORT: String(port) },
      place: 'server',
    },
    () => answers(port, '/'),
  );
  try {
    const verdicts: (boolean | undefined)[] = [];
    for (const connections of CONNECTIONS) verdicts.push(await compare(port, connections));
    if (verdicts.includes(false)) return 1;
    return verdicts.includes(undefined) ? EX_TEMPFAIL : 0;
  } finally {
    await server.stop();
  }
}

process.exitCode = await main();
