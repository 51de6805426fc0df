import type { Config } from '../../config.ts';
import { judge } from './judge.ts';
import { doctorLines } from './lines.ts';
import { readMachine } from './read-machine.ts';

/** Looks at this machine, and tells what of it will hurt. `healthy`: nothing will. */
export async function examine(
  config: Pick<Config, 'dataDir' | 'maxConnections' | 'backlog' | 'workersMax' | 'storeBytes'>,
): Promise<{ lines: string[]; healthy: boolean }> {
  const findings = judge(await readMachine(config.dataDir), config);
  return { lines: doctorLines(findings), healthy: findings.every(({ is }) => is !== 'hurts') };
}
