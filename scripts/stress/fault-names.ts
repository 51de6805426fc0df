/** What can go wrong in the middle of a scenario. */
export const FAULTS = {
  'worker-killed': 'a worker is killed',
  'all-killed': 'all workers are killed at once',
  'all-blocked': 'all workers are blocked',
  'database-locked': 'another process holds the write lock of the database',
  'disk-full': 'no file can grow any more',
  'slow-upstream': 'the upstream answers slowly',
  reload: 'the server is reloaded',
  'memory-leak': 'a worker keeps more and more memory',
} as const;

export type FaultName = keyof typeof FAULTS;
