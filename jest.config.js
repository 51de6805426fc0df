const { JEST_FAILED_SUITES: file } = process.env;
const failedSuites = file ? [['<rootDir>/test/jest/failed-suites.js', { file }]] : [];

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '<rootDir>/test/jest/transform.js',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  // For `test/jest/run.ts`, which runs the few suites again that failed in a whole run.
  reporters: ['default', ...failedSuites],
  testSequencer: '<rootDir>/test/jest/sequencer.js',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Real processes on a busy machine: each wait in the tests has a bound of its own.
  testTimeout: 180_000,
  maxWorkers: 2,
};
