import { drive } from '../load/drive.ts';
import { bisect } from '../load/statistics.ts';
import { plain } from './servers/peers.ts';

/** Workload A: 5 ms of work on average, exponentially distributed. */
export const WORK_PATH = '/lab/work?ms=5&dist=exp';
export const MEAN_WORK_MS = 5;

/** Even a fraction of the ideal rate failed: C would be a measure of something else. */
export class CapacityError extends Error {
  readonly code = 'NO_CAPACITY';
  constructor(rate: number) {
    super(
      `plain node:http does not answer ${rate} requests/s of ${MEAN_WORK_MS} ms in time: is the machine busy with other work?`,
    );
    this.name = 'CapacityError';
  }
}

/**
 * Capacity C of one core: the largest rate of workload A on kept connections of which plain node:http answers 99 % in
 * time. One number for all servers, so that "10 times C" is the same load for everybody.
 * @returns requests per second
 * @throws {CapacityError}
 */
export async function measureCapacity(labRate: number, seconds: number): Promise<number> {
  const server = await plain.start({ place: 'server', labRate });
  try {
    const ideal = 1000 / MEAN_WORK_MS;
    const passes = async (rate: number): Promise<boolean> => {
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
    };
    const low = ideal * 0.4;
    if (!(await passes(low))) throw new CapacityError(low);
    return await bisect(low, ideal * 1.2, 0.03, passes);
  } finally {
    await server.stop();
  }
}
