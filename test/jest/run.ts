/**
 * `npm test`: runs jest with the arguments given. A whole run starts hundreds of real servers beside each other on whatever machine
 * there is, and now and then one of them gets no CPU for as long as a test bears. So after a whole run the suites that failed are
 * run once more, one after the other with nothing beside them, if they are few; what fails twice fails the run. What passed only
 * then is named at the end: it is a test to be mended.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** More failed suites than these are no accident of the machine. */
const FEW = 4;

const rootDir = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'tahan-test-'));

/** Exit code of one run of jest, and the suites that failed in it; undefined: jest ended before it could say. */
function jest(args: readonly string[]): { code: number; failed: readonly string[] | undefined } {
  const file = join(folder, 'failed');
  rmSync(file, { force: true });
  const { status } = spawnSync(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', join(rootDir, 'node_modules/jest/bin/jest.js'), ...args],
    { stdio: 'inherit', cwd: rootDir, env: { ...process.env, JEST_FAILED_SUITES: file } },
  );
  const failed = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : undefined;
  return { code: status ?? 1, failed };
}

function run(args: readonly string[]): number {
  const { code, failed } = jest(args);
  const isWhole = args.length === 0;
  if (code === 0 || !isWhole || failed === undefined || failed.length === 0 || failed.length > FEW) return code;
  console.error(`\nOnce more, one after the other:\n${failed.join('\n')}\n`);
  const again = jest(['--runInBand', '--runTestsByPath', ...failed]);
  if (again.code === 0) console.error(`\nPassed only alone, to be mended:\n${failed.join('\n')}`);
  return again.code;
}

try {
  process.exitCode = run(process.argv.slice(2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
