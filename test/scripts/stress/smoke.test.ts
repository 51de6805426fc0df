import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import type { StressReport } from '../../../scripts/stress/result.ts';
import { TEST_ENV } from '../../cluster/server.ts';

const STRESS = fileURLToPath(new URL('../../../scripts/stress.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tahan-stress-test-'));
const file = (name: string): string => join(folder, name);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command; the data folder does not exist, so that sample content is used. */
function stress(
  args: readonly string[],
  onOutput: (all: string, end: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [STRESS, ...args], {
    cwd: folder,
    env: { ...TEST_ENV, TAHAN_DATA_DIR: file('none') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      onOutput(output, (signal) => child.kill(signal));
    });
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, output })));
}

/** A machine that runs other tests besides may take minutes for what takes 25 s. */
jest.setTimeout(240_000);

describe('npm run stress', () => {
  test('finds the capacity, runs a scenario, judges it and writes its reports', async () => {
    const { code, output } = await stress([
      ...['--smoke', '--only', 'steady', '--seed', '3'],
      ...['--report', file('a.html'), '--json', file('a.json'), '--junit', file('a.xml')],
    ]);
    expect([code, output]).toEqual([expect.any(Number), expect.stringContaining('report: ')]);
    const report = JSON.parse(readFileSync(file('a.json'), 'utf8')) as StressReport;
    const [scenario] = report.scenarios;
    // How good it is, is the machine's business: a test that judges speed would fail on a busy one.
    expect(scenario).toMatchObject({ name: 'steady', status: expect.stringMatching(/passed|failed|void/) });
    expect(code).toBe(report.passed ? 0 : 1);
    expect(report.passed).toBe(scenario?.status === 'passed');
    expect(report.capacity.mixPerSecond).toBeGreaterThan(0);
    expect(scenario?.thresholds.every(({ missing }) => missing === undefined)).toBe(true);
    expect(scenario?.routes.map(({ name }) => name)).toEqual(['home', 'posts', 'search', 'work']);
    expect(scenario?.routes.find(({ name }) => name === 'home')?.good).toBeGreaterThan(0);
    expect(scenario?.fleet.length).toBeGreaterThan(2);
    expect(readFileSync(file('a.html'), 'utf8')).toContain('A usual day');
    expect(readFileSync(file('a.xml'), 'utf8')).toContain('<testsuite name="steady"');
    expect(output).toContain(report.passed ? 'PASSED' : 'FAILED: steady');
  });

  test('ends at Ctrl-C with a report of what there is', async () => {
    let told = false;
    const { code, output } = await stress(
      ['--only', 'steady', '--report', file('b.html'), '--json', file('b.json')],
      (all, end) => {
        if (told || !all.includes('capacity of home')) return;
        told = true;
        setTimeout(() => end('SIGINT'), 300);
      },
    );
    expect([code, output]).toEqual([130, expect.stringContaining('INTERRUPTED')]);
    const report = JSON.parse(readFileSync(file('b.json'), 'utf8')) as StressReport;
    expect(report).toMatchObject({ partial: true, passed: false });
    expect(readFileSync(file('b.html'), 'utf8')).toContain('interrupted');
  });

  test('wrong options are a line each, and exit code 64', async () => {
    const { code, output } = await stress(['--loud', '--target', 'http://example.org', '--compare', file('none.json')]);
    expect(code).toBe(64);
    expect(output.trim().split('\n')).toHaveLength(3);
  });
});
