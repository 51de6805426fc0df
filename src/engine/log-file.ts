import { join } from 'node:path';

/** The log that a data folder keeps for `logs`; the time before is in the same name with `.1` behind it. */
export const logFileIn = (dataDir: string): string => join(dataDir, 'tahan.log');
