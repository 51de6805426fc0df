import { workerData } from 'node:worker_threads';
import { copyDatabase } from './copy.ts';

/** A thread that makes one copy; its error is that of the copy. */
const { source, target } = workerData as { source: string; target: string };
await copyDatabase(source, target);
