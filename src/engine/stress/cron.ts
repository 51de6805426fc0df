import { createRequire } from 'node:module';

/** When a scheduled run begins: five fields of cron, then a time zone where it is not the server's own. */
export interface CronTimes {
  /** The first time after `from`, epoch ms; undefined: there is none. */
  next: (from: number) => number | undefined;
}

/** The text is no time; `reason` says what of it. */
export class CronError extends Error {
  readonly code = 'CRON';
  readonly reason: string;
  constructor(reason: string) {
    super(reason);
    this.name = 'CronError';
    this.reason = reason;
  }
}

const FIELDS = 5;

/**
 * Reads `30 4 * * *` or `30 4 * * * Asia/Jakarta`. croner is loaded here only: five of six processes never need it.
 * @throws {CronError}
 */
export function readCron(text: string): CronTimes {
  const words = text.split(/\s+/);
  const pattern = words.slice(0, FIELDS).join(' ');
  const timezone = words[FIELDS];
  if (words.length < FIELDS || words.length > FIELDS + 1)
    throw new CronError(`has ${words.length} words, not five fields and a time zone`);
  if (timezone !== undefined && !isTimeZone(timezone)) throw new CronError(`${timezone} is no time zone`);
  const { Cron } = createRequire(import.meta.url)('croner') as typeof import('croner');
  const options = { mode: '5-part', paused: true, ...(timezone === undefined ? {} : { timezone }) } as const;
  try {
    const cron = new Cron(pattern, options);
    return { next: (from) => cron.nextRun(new Date(from))?.getTime() };
  } catch (error) {
    throw new CronError(error instanceof Error ? error.message : String(error));
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false; // Intl throws a RangeError for what it does not know
  }
}
