import { drive } from './drive.ts';
import { plain } from './servers/peers.ts';
import { bisect } from './statistics.ts';

/** Workload A: 5 ms of work on average, exponentially distributed. */
export const WORK_PATH = '/lab/work?ms=5&dist=exp';
const MEAN_WORK_MS = 5;

/**
 * Capacity C of one core: the largest rate of workload A on kept connections of which plain node:http answers 99 % in
 * time. One number for all servers, so that "10 times C" is the same load for everybody.
 * @returns requests per second
 */
export async function measureCapacity(labRate: number, seconds: number): Promise<number> {
  const server = await plain.start({ place: 'server', labRate });
  try {
    const ideal = 1000 / MEAN_WORK_MS;
    return await bisect(ideal * 0.4, ideal * 1.2, 0.03, async (rate) => {
      const report = await drive({
        port: server.port,
        connections: 'keep-alive',
        // The warm-up also lets the backlog of the trial before run empty.
        phases: [
          { seconds: 2, rate: ideal * 0.3, warmUp: true },
          { seconds, rate },
        ],
        classes: [{ name: 'work', share: 1, path: WORK_PATH }],
      });
      const { good, offered } = report.classes.work!;
      return good >= 0.99 * offered;
    });
  } finally {
    await server.stop();
  }
}
