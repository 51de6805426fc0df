import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isAlive } from '../../../src/engine/is-alive.ts';
import { runProgram } from '../../../src/engine/monitor/stress/run-program.ts';
import { stressRun } from '../stress/runs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-program-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that tells in a file where its temporary files are, then does this. */
function program(body: string): string {
  const file = join(folder, 'program.mjs');
  writeFileSync(
    file,
    `import { writeFileSync } from 'node:fs';
     import { spawn } from 'node:child_process';
     const tell = (child) => writeFileSync(${JSON.stringify(join(folder, 'told'))}, JSON.stringify([process.env.TMPDIR, child?.pid ?? 0]));
     ${body}`,
  );
  return file;
}
const told = (): [string, number] => JSON.parse(readFileSync(join(folder, 'told'), 'utf8')) as [string, number];

test('gives what the program measured, and takes its temporary files away', async () => {
  const { perSecond, costs } = stressRun(100);
  const body = `tell(); process.send(${JSON.stringify({ perSecond, costs })}, () => process.disconnect());`;
  expect(await runProgram(program(body)).result).toEqual({ perSecond, costs });
  expect(existsSync(told()[0])).toBe(false);
});

test('what is no result is none, and the last words say why', async () => {
  const { result } = runProgram(
    program(`process.send({ perSecond: [] }); console.error('no space left'); process.exit(1)`),
  );
  await expect(result).rejects.toThrow('no space left');
});

test('ends at once with all that it has started', async () => {
  const { result, stop } = runProgram(
    program(
      `tell(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })); setInterval(() => {}, 1000);`,
    ),
  );
  while (!existsSync(join(folder, 'told')) || readFileSync(join(folder, 'told'), 'utf8') === '') await delay(20);
  const [temporary, child] = told();
  expect(isAlive(child)).toBe(true);
  stop();
  await expect(result).rejects.toThrow('SIGKILL');
  for (let tries = 0; isAlive(child) && tries < 250; tries += 1) await delay(20);
  expect(isAlive(child)).toBe(false);
  expect(existsSync(temporary)).toBe(false);
}, 30_000);
