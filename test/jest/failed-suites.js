import { writeFileSync } from 'node:fs';

/** Writes the paths of the suites that failed, one per line, into a file that `run.ts` names. */
export default class {
  constructor(_config, { file }) {
    this.file = file;
  }

  onRunComplete(_contexts, { testResults }) {
    const failed = testResults.filter(({ numFailingTests, testExecError }) => numFailingTests > 0 || testExecError);
    writeFileSync(this.file, failed.map(({ testFilePath }) => `${testFilePath}\n`).join(''));
  }
}
