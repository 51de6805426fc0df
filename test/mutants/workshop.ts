import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mutant, timesIn } from './mutant.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COPIED = ['src', 'test', 'scripts', 'views', 'bench', 'package.json', 'jest.config.js', 'README.md'];
/** What the tests said. `broken`: none of them ran, as with a mutant that is no TypeScript. */
export type Verdict = { is: 'failed' | 'passed' | 'broken' | 'endless'; words: string };

interface JestReport {
  numFailedTests: number;
  numPassedTests: number;
  testResults: { message: string; assertionResults: { status: string; fullName: string }[] }[];
}

/** A copy of the repository in a temporary folder, in which one mutant at a time is tried; the work tree is never touched. */
export class Workshop {
  private readonly folder = mkdtempSync(join(tmpdir(), 'tahan-mutants-'));
  private jest: ChildProcess | undefined;

  constructor() {
    for (const name of COPIED) {
      const filter = (path: string): boolean => !path.includes('node_modules');
      cpSync(join(ROOT, name), join(this.folder, name), { recursive: true, filter });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'));
  }

  /**
   * Runs a mutant's tests with the mutant in the source; `longestMs`: then they are ended.
   * @throws {Error} its text is not in the file, or more than once
   */
  async try({ file, text, to, test }: Mutant, longestMs: number): Promise<Verdict> {
    const path = join(this.folder, 'src/engine', file);
    const source = readFileSync(path, 'utf8');
    const times = timesIn(text, source);
    if (times !== 1)
      throw new Error(`src/engine/${file} has the text ${JSON.stringify(text)} ${times} times, not once`);
    writeFileSync(
      path,
      source.replace(text, () => to),
    );
    try {
      return await this.run(test, longestMs);
    } finally {
      writeFileSync(path, source);
    }
  }

  /** Runs a test file; `longestMs`: then it is ended. */
  async run(test: string, longestMs: number): Promise<Verdict> {
    const report = join(this.folder, 'report.json');
    rmSync(report, { force: true });
    const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
    const options = ['--runInBand', '--bail', '--forceExit', '--json', `--outputFile=${report}`];
    const args = ['--experimental-vm-modules', '--no-warnings', jest, ...options, '--runTestsByPath', `test/${test}`];
    this.jest = spawn(process.execPath, args, {
      cwd: this.folder,
      stdio: 'ignore',
      timeout: longestMs,
      killSignal: 'SIGKILL',
    });
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      this.jest!.once('exit', (...end) => resolve(end));
      this.jest!.once('error', reject);
    });
    if (signal !== null) return { is: 'endless', words: `ended after ${Math.round(longestMs / 1_000)} s` };
    // An error that no test has caught ends jest before it reports.
    if (!existsSync(report)) return { is: 'failed', words: `jest ended with code ${code} and no report` };
    return verdictOf(JSON.parse(readFileSync(report, 'utf8')) as JestReport, code);
  }

  /** Ends what runs and takes the copy away. */
  close(): void {
    this.jest?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function verdictOf({ numFailedTests, numPassedTests, testResults }: JestReport, code: number | null): Verdict {
  const failed = testResults.flatMap((file) => file.assertionResults).find(({ status }) => status === 'failed');
  if (numFailedTests > 0) return { is: 'failed', words: failed?.fullName ?? '' };
  if (code === 0 && numPassedTests > 0) return { is: 'passed', words: '' };
  return { is: 'broken', words: testResults[0]?.message.slice(0, 500) ?? 'no tests' };
}
