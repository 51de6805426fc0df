#!/usr/bin/env node
/** The first Node.js with all that the engine uses; what is older cannot even load the rest. */
const LEAST_NODE = 24;

const major = Number(process.versions.node.split('.')[0]);
if (major >= LEAST_NODE) await import('./command.ts');
else {
  process.stderr.write(`tahan: this is Node.js ${process.versions.node}; Tahan needs ${LEAST_NODE} or newer\n`);
  process.exitCode = 1;
}

export {};
