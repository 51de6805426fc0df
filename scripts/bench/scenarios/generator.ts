import { measure, type Row, type Scenario } from '../scenario.ts';
import { plain } from '../servers/peers.ts';
import { CONNECTIONS } from './surge.ts';

const STEP = 1_000;
const MAX_RATE = { 'keep-alive': 20_000, new: 8_000 };

/** How much load the generator can make within its own bounds. */
export const generator: Scenario = {
  name: 'generator',
  title: 'The limit of the load generator itself',
  text: `The rate is raised in steps of ${STEP} requests/s against a route without work, until the generator sends more than 5 ms late (p99)
or is busy more than 80 % of the time.`,
  async run(bench) {
    const rows: Row[] = [];
    for (const connections of CONNECTIONS) {
      let last = { rate: 0, elu: 0, lagP99Ms: 0 };
      for (let rate = STEP; rate <= MAX_RATE[connections]; rate += STEP) {
        const { report } = await measure(
          bench,
          plain,
          {},
          {
            connections,
            phases: [
              { seconds: 1, rate: rate / 2, warmUp: true },
              { seconds: Math.min(3, bench.seconds), rate },
            ],
            classes: [{ name: 'ready', share: 1, path: '/health/ready' }],
          },
        );
        if (report.void !== undefined) break;
        last = { rate, elu: report.generator.elu, lagP99Ms: report.generator.sendLag.p99Ms };
      }
      rows.push({
        server: 'generator',
        case: connections,
        values: { 'requests/s': last.rate, 'busy %': last.elu * 100, 'send lag p99 ms': last.lagP99Ms },
      });
    }
    return rows;
  },
};
