import { join } from 'node:path';
import { writeJson } from './file.ts';

/** A reload is forced by a file that is no older than this, ms. */
export const FORCE_MS = 30_000;

/** By this file `reload --force` says that it means it, though an event goes on. */
export const forceFile = (dataDir: string): string => join(dataDir, 'reload.force');

/** @throws {EventFileError} it cannot be written */
export const writeForce = (dataDir: string): void => writeJson(forceFile(dataDir), { force: true });
