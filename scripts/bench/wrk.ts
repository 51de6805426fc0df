import { spawn, spawnSync } from 'node:child_process';
import type { ClosedLoad, Throughput } from '../load/closed-loop.ts';
import { pinned } from '../load/cores.ts';
import { generate } from '../load/drive.ts';

/** Tool that makes the closed-loop load: wrk where it is installed, else our own. */
export const CLOSED_LOOP_TOOL = spawnSync('wrk', ['-v']).error === undefined ? 'wrk' : 'own closed loop';

/** Requests per second with `connections` kept connections that send again as soon as they have their answer. */
export async function throughput(load: ClosedLoad): Promise<Throughput> {
  if (CLOSED_LOOP_TOOL !== 'wrk') return generate('closed', load, load.seconds * 1000);
  const fields = Object.entries(load.headers ?? {}).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const url = `http://127.0.0.1:${load.port}${load.path}`;
  const args = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, ...fields, url];
  const child = spawn(...pinned('generator', 'wrk', args), { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of child.stdout) output += chunk;
  return readWrk(output);
}

/**
 * Reads wrk's report.
 * @throws {Error} when it has no rate
 */
export function readWrk(output: string): Throughput {
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(output)?.[1];
  if (rate === undefined) throw new Error(`wrk printed no rate: ${output.trim() || '(nothing)'}`);
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? [];
  const wrong = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? '0';
  return { requestsPerSecond: Number(rate), errors: [...broken, wrong].reduce((sum, count) => sum + Number(count), 0) };
}
