import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type BoundHandle, createServerHandle } from '../../src/engine/net-parts.ts';
import { eventually, NODE, request, siteFile } from './server.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let folder: string;
/** Bound here, and never accepted from. */
let held: BoundHandle & { fd: number };
let port: number;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-activation-'));
  held = createServerHandle('127.0.0.1', 0, 4) as typeof held;
  const name: { port?: number } = {};
  held.getsockname(name);
  port = name.port!;
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  held.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts Tahan as systemd does: the port is open file 3, and a `systemd-notify` writes down what it is told. */
function start(sockets = '1') {
  const words = join(folder, 'words');
  const command = join(folder, 'systemd-notify');
  writeFileSync(command, `#!/bin/sh\n[ -n "$NOTIFY_SOCKET" ] && echo "$*" >> ${words}\n`);
  chmodSync(command, 0o755);
  const child = spawn('/bin/sh', ['-c', 'LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$0" src/main.ts', NODE], {
    cwd: ROOT,
    env: {
      PATH: `${folder}:${process.env.PATH}`,
      LISTEN_FDS: sockets,
      NOTIFY_SOCKET: join(folder, 'notify'),
      WATCHDOG_USEC: '400000',
      PORT: '1',
      HOST: '127.0.0.1',
      TAHAN_ADMIN_PORT: '0',
      TAHAN_DATA_DIR: join(folder, 'data'),
      TAHAN_SITE: siteFile('bare'),
      TAHAN_WORKERS_MAX: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe', held.fd],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream!.on('data', (chunk) => (output += String(chunk)));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  ends.push(() => {
    child.kill('SIGTERM');
    return exited;
  });
  return {
    child,
    exited,
    output: () => output,
    words: () => readFileSync(words, 'utf8').trim().split('\n'),
  };
}

test('the port of the service manager outlives the server: who comes between two starts is answered by the second', async () => {
  const first = start();
  await eventually(first.output, (output) => output.includes(`Tahan serves http://127.0.0.1:${port}`));
  expect((await request(port, '/')).status).toBe(200);
  first.child.kill('SIGKILL');
  await first.exited;
  const early = request(port, '/', { timeoutMs: 60_000 });
  start();
  expect((await early).status).toBe(200);
});

test('it is told that the server is ready, that it lives, and that it stops', async () => {
  const server = start();
  await eventually(server.words, (words) => words.filter((word) => word === 'WATCHDOG=1').length >= 3);
  expect(server.words()[0]).toBe(`READY=1 STATUS=serves http://127.0.0.1:${port}`);
  server.child.kill('SIGTERM');
  expect(await server.exited).toBe(0);
  await eventually(server.words, (words) => words.at(-1) === 'STOPPING=1');
});

test('two sockets are one too many', async () => {
  const server = start('2');
  expect(await server.exited).not.toBe(0);
  expect(server.output()).toMatch(/tahan: the service manager passed 2 sockets; Tahan takes one, its public port/);
});
