import { fileURLToPath } from 'node:url';

export default {
  output: 'standalone',
  // The folder in which its packages are.
  outputFileTracingRoot: fileURLToPath(new URL('../..', import.meta.url)),
};
