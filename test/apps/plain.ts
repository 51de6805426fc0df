import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually, NODE, request } from '../cluster/server.ts';

/** The path of an app for tests. */
export const appFile = (name: string): string => fileURLToPath(new URL(`./files/${name}`, import.meta.url));

const started = new Set<ChildProcess>();

/** Ends what a failed test left behind. */
export function stopPlain(): void {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
}

/** The app under plain node, as its author would start it, on a port; waits until it answers. */
export async function startPlain(name: string, port: number): Promise<{ stop: () => void }> {
  const child = spawn(NODE, [appFile(name)], {
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', PORT: String(port) },
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
