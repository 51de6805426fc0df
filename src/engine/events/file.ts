import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../write-whole.ts';
import { eventsSchema, type PlannedEvent } from './event.ts';

/** The file of events cannot be read or written; the message says what to do. */
export class EventFileError extends Error {
  readonly code = 'COMMAND';
  readonly exitCode = 78;
  override readonly name = 'EventFileError';
}

export const eventFile = (dataDir: string): string => join(dataDir, 'events.json');

/**
 * The events of a data folder; none where there is no file.
 * @throws {EventFileError}
 */
export function readEvents(dataDir: string): PlannedEvent[] {
  const path = eventFile(dataDir);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new EventFileError(`the events ${path} cannot be read (${code})`);
  }
  try {
    return eventsSchema.parse(JSON.parse(text));
  } catch {
    throw new EventFileError(`the events ${path} are not what was written there; remove the file, and add them again`);
  }
}

/** @throws {EventFileError} */
export function writeJson(path: string, value: unknown): void {
  try {
    writeWhole(path, `${JSON.stringify(value, null, 2)}\n`);
  } catch (error) {
    throw new EventFileError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

export const writeEvents = (dataDir: string, events: readonly PlannedEvent[]): void =>
  writeJson(eventFile(dataDir), events);
