import { type ChildProcess, spawn } from 'node:child_process';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Answer, eventually, NODE, request } from '../cluster/server.ts';

/** The path of an app for tests. */
export const appFile = (name: string): string => fileURLToPath(new URL(`./files/${name}`, import.meta.url));

const started = new Set<ChildProcess>();

/** Ends what a failed test left behind. */
export function stopPlain(): void {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
}

/** The gate is open wide: on a machine that is busy with other tests nobody is to be refused here. */
export const OPEN = {
  TAHAN_DEADLINE_MS: '20000',
  TAHAN_GATE_CRITICAL_MS: '10000',
  TAHAN_GATE_NORMAL_MS: '10000',
  TAHAN_GATE_LOW_MS: '10000',
};

/** A port that nobody has, for an app that must be told one. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What must be as under plain node: not what belongs to the connection, nor the time. */
export function essence({ status, headers, body }: Answer): unknown {
  const own = ['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'];
  return { status, body, headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !own.includes(name))) };
}

/** The app at a path under plain node, as its author would start it, on a port; waits until it answers. */
export async function startPlain(
  file: string,
  port: number,
  env: Record<string, string> = {},
): Promise<{ stop: () => void }> {
  const child = spawn(NODE, [file], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', PORT: String(port), ...env },
    stdio: 'ignore',
  });
  started.add(child);
  await eventually(
    () => request(port, '/'),
    ({ status }) => status === 200,
  );
  return {
    stop() {
      started.delete(child);
      child.kill('SIGKILL');
    },
  };
}
