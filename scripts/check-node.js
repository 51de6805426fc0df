// Plain JavaScript, so that an old Node can read it: before `npm start` it says what is wrong, where Node itself would
// only say ERR_UNKNOWN_FILE_EXTENSION.

const LEAST = [24, 2];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  console.error(
    `tahan: this is Node ${process.versions.node}, and Tahan needs ${LEAST.join('.')} or newer. "npm ci" brings one, in ` +
      'node_modules/.bin/node; where it is not there, install scripts are off: run "npm rebuild node"',
  );
  process.exitCode = 1;
}
