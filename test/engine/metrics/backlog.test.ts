import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from '@jest/globals';
import { readBacklog, readLine } from '../../../src/engine/metrics/backlog.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const line = (local: string, state: string, rxQueue: string): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:${rxQueue} 00:00000000 00000000     0        0 271792 4 0000000000000000 100 0 0 10 0`;
const ANY_IPV6 = '00000000000000000000000000000000';

describe('a line of the table of sockets', () => {
  test('of the listening socket gives its receive queue, over IPv4 and IPv6', () => {
    expect(readLine(line('00000000:0BB8', '0A', '0000001F'), 3_000)).toBe(31);
    expect(readLine(line(`${ANY_IPV6}:0BB8`, '0A', '00000003'), 3_000)).toBe(3);
  });

  test('of another port, or the heading, gives nothing', () => {
    expect(readLine(line('0100007F:0016', '0A', '00000005'), 3_000)).toBe('other');
    expect(readLine(HEAD, 3_000)).toBe('other');
  });

  test('of a connection is not taken for the socket that listens on the same port', () => {
    expect(readLine(line('0100007F:0BB8', '01', '00000007'), 3_000)).toBe('connection');
  });
});

describe('reading the accept backlog', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  test('gives nothing where the kernel has no such table', () => {
    expect(readBacklog(3_000, ['/nowhere/tcp'])).toBeUndefined();
  });

  async function table(name: string, ...lines: string[]): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'tahan-backlog-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, name), [HEAD, ...lines, ''].join('\n'));
    return join(folder, name);
  }

  test('finds the port among many listening sockets', async () => {
    const others = new Array(100).fill(line('0100007F:0016', '0A', '00000009'));
    expect(readBacklog(3_000, [await table('tcp', ...others, line('00000000:0BB8', '0A', '00000002'))])).toBe(2);
  });

  test('looks no further than the first connection', async () => {
    const connection = line('0100007F:0BB8', '01', '00000000');
    expect(
      readBacklog(3_000, [await table('tcp', connection, line('00000000:0BB8', '0A', '00000002'))]),
    ).toBeUndefined();
  });

  test('looks into the second table where the first does not know the port', async () => {
    const first = await table('tcp', line('0100007F:0016', '0A', '00000009'));
    const second = await table('tcp6', line(`${ANY_IPV6}:0BB8`, '0A', '00000001'));
    expect(readBacklog(3_000, [first, second])).toBe(1);
  });

  const onLinux = existsSync('/proc/net/tcp') ? test : test.skip;
  onLinux('of a real port that nobody accepts from counts the connections that wait', async () => {
    // Listens, says where, and never lets its loop turn again, so that nothing is accepted.
    const worker = new Worker(
      `const { createServer } = require('node:net');
       const { parentPort } = require('node:worker_threads');
       const server = createServer().listen(0, '127.0.0.1', () => {
         parentPort.postMessage(server.address().port);
         Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
       });`,
      { eval: true },
    );
    cleanups.push(() => worker.terminate());
    const port = await new Promise<number>((resolve) => worker.once('message', resolve));
    const sockets: Socket[] = [];
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
    });
    for (let index = 0; index < 3; index++) {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      await new Promise((resolve) => socket.once('connect', resolve));
    }
    expect(readBacklog(port)).toBe(3);
  });

  onLinux('of a port that is accepted from is 0', async () => {
    const server = createServer();
    cleanups.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    expect(readBacklog((server.address() as AddressInfo).port)).toBe(0);
  });
});
