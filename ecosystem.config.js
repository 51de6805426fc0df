// pm2 start ecosystem.config.js: Tahan keeps its own workers, so pm2 runs one process, in fork mode, and waits for
// its word that the first worker serves.
export const apps = [
  {
    name: 'tahan',
    script: 'src/main.ts',
    // The runtime that npm installed here, whatever the machine has.
    interpreter: './node_modules/.bin/node',
    exec_mode: 'fork',
    instances: 1,
    wait_ready: true,
    listen_timeout: 30_000,
    // Above TAHAN_DRAIN_MS (10 s), so that a restart or stop lets the workers finish.
    kill_timeout: 15_000,
  },
];
