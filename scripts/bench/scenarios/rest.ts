import { setTimeout as delay } from 'node:timers/promises';
import { processTree, treeCpuSeconds, treePssBytes } from '../../load/processes.ts';
import { type Bench, percent, type Row, type Scenario, withServer } from '../scenario.ts';
import type { ServerKind } from '../servers/kinds.ts';
import { plain, pm2, watt } from '../servers/peers.ts';
import { tahan } from '../servers/tahan.ts';

/** What a start does in its first seconds (a spare, a collection of garbage) is not rest. */
const SETTLE_SECONDS = 30;
const LEAST_SECONDS = 30;

async function restPoint(bench: Bench, kind: ServerKind): Promise<Row> {
  // As an operator starts it: nothing pinned, the defaults.
  return withServer(bench, kind, { place: 'all', workers: { min: 1, max: 2 } }, async ({ pids }) => {
    await delay(SETTLE_SECONDS * 1_000);
    const cpu = (): number => pids.reduce((sum, pid) => sum + treeCpuSeconds(pid), 0);
    const before = cpu();
    const began = performance.now();
    await delay(Math.max(LEAST_SECONDS, bench.seconds) * 1_000);
    const seconds = (performance.now() - began) / 1_000;
    return {
      server: kind.title,
      case: 'at rest',
      values: {
        processes: pids.reduce((sum, pid) => sum + processTree(pid).length, 0),
        'PSS MB': pids.reduce((sum, pid) => sum + treePssBytes(pid), 0) / 1_048_576,
        '% of a core': percent(cpu() - before, seconds),
      },
    };
  });
}

export const rest: Scenario = {
  name: 'rest',
  title: 'At rest: what a server costs while nobody visits',
  text: `Each server as it is started, nothing pinned, no visitor: 30 s to settle, then the CPU time of its process tree over 30 s,
and its memory (PSS: shared pages are counted once, in parts). Tahan with its whole site: primary, lifeboat, one worker and, where
the machine has an idle core, a warm spare. The others serve the lab's answers and have no site.`,
  async run(bench) {
    const rows: Row[] = [];
    for (const kind of bench.pick([tahan, plain, pm2, watt])) {
      const row = await restPoint(bench, kind);
      bench.say(`  ${row.server}: ${JSON.stringify(row.values)}`);
      rows.push(row);
    }
    return rows;
  },
};
