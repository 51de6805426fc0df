import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type FleetGlance, statusLines } from '../../src/engine/bin/status-lines.ts';
import { NODE, startServer, stopAll, TEST_ENV, untilServing } from '../cluster/server.ts';

afterAll(stopAll);

const SCRIPT = fileURLToPath(new URL('../../scripts/status.ts', import.meta.url));
const NOW = Date.UTC(2026, 2, 9, 12);

const calm: FleetGlance = {
  pid: 1,
  mode: 'calm',
  why: 'every worker has room',
  crashLoop: false,
  lifeboat: { active: false },
  scaler: { state: 'on', target: 1, min: 1, max: 2, decisions: [] },
  workers: [
    { name: 'worker-1', state: 'serving', up: true, beat: { connections: 3, inFlight: 2, queued: 1, elu: 0.126 } },
  ],
};

function run(env: Record<string, string>): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(NODE, [SCRIPT], { env: { ...TEST_ENV, ...env }, cwd: tmpdir() });
    let [out, err] = ['', ''];
    child.stdout.on('data', (part: Buffer) => {
      out += part.toString();
    });
    child.stderr.on('data', (part: Buffer) => {
      err += part.toString();
    });
    child.once('close', (code) => resolve({ code, out, err }));
  });
}

describe('npm run status', () => {
  test('tells a calm server in a few lines', () => {
    expect(statusLines(calm, NOW)).toEqual([
      'mode       calm: every worker has room',
      'workers    1 of 1 wanted serve (from 1 to 2)',
      '           worker-1 serving - 3 connections, 2 requests, 1 wait, 13 % busy',
      'lifeboat   stands by',
      'scaler     on, no step yet',
      'reload     none since the start',
    ]);
  });

  test('tells who is silent, who answers instead, and what was decided last', () => {
    const lines = statusLines(
      {
        ...calm,
        crashLoop: true,
        lifeboat: { active: true },
        scaler: {
          ...calm.scaler,
          decisions: [{ action: 'up', target: 2, reason: 'up to 2: a queue', lastAt: NOW - 9_000 }],
        },
        reload: { number: 1, state: 'rolled_back', reasons: ['one', 'two'], startedAt: NOW - 600_000, ms: 900 },
        workers: [{ name: 'worker-1', state: 'serving', up: false }],
      },
      NOW,
    );
    expect(lines.slice(2)).toEqual([
      '           worker-1 serving, silent',
      '           alert: workers die one after the other',
      'lifeboat   answers in place of the workers',
      'scaler     on; last, 9 s ago: up to 2: a queue',
      'reload     rolled back, the old version serves on, 10 min ago',
      '           one',
      '           two',
    ]);
  });

  test('asks the server of this machine, and ends with 1 and one line when none answers', async () => {
    const server = await startServer({ TAHAN_WORKERS_MAX: '1' });
    await untilServing(server, 1);
    const { code, out } = await run({ TAHAN_ADMIN_PORT: String(server.adminPort) });
    expect([code, out]).toEqual([0, expect.stringMatching(/^mode .*\nworkers {4}1 of 1 wanted serve/)]);
    await server.stop();
    const { code: none, out: nothing, err } = await run({ TAHAN_ADMIN_PORT: String(server.adminPort) });
    expect([none, nothing]).toEqual([1, '']);
    expect(err).toMatch(/^status: no server on the admin port 127\.0\.0\.1:\d+ .*\n$/);
  });
});
