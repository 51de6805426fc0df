import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isatty } from 'node:tty';
import { logFileIn } from '../log-file.ts';
import { forPeople } from '../log-lines.ts';
import { CommandError } from './find-entry.ts';

const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;
const LOOK_EVERY_MS = 250;
/** Most that is read at once, and looked at for the last lines, bytes. */
const MAX_READ = 1_048_576;
const STDOUT = 1;

export interface LogsWish {
  follow: boolean;
  /** Lines of before that are shown. */
  lines: number;
  /** Least severe one. */
  level: keyof typeof LEVELS;
}

export const LOGS_USAGE = '[--follow] [--lines 20] [--level warn]';

/** Reads the words behind `logs`. A string: why they cannot be, in a line. */
export function readLogsWords(words: readonly string[]): LogsWish | string {
  const wish: LogsWish = { follow: false, lines: 20, level: 'trace' };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--follow' || word === '-f') wish.follow = true;
    else if (word === '--lines' || word === '-n') {
      const given = rest.shift() ?? '';
      if (!/^\d{1,5}$/.test(given)) return `--lines takes a whole number up to 99999; not "${given}"`;
      wish.lines = Number(given);
    } else if (word === '--level') {
      const given = rest.shift() ?? '';
      if (!Object.hasOwn(LEVELS, given)) return `--level takes ${Object.keys(LEVELS).join(', ')}; not "${given}"`;
      wish.level = given as LogsWish['level'];
    } else return `logs takes ${LOGS_USAGE}; not ${word}`;
  }
  return wish;
}

/** What a file has from a place on, at most its last megabyte. Undefined: there is no file. */
function readFrom(file: string, at: number): { text: string; from: number; end: number; size: number } | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(fd);
    const from = Math.max(at, size - MAX_READ);
    const bytes = Buffer.alloc(Math.max(0, size - from));
    const read = readSync(fd, bytes, 0, bytes.length, from);
    return { text: bytes.toString('utf8', 0, read), from, end: from + read, size };
  } finally {
    closeSync(fd);
  }
}

/** Reads a file that others append to, and that becomes `<file>.1` now and then, line by line. */
export class LogReader {
  private readonly file: string;
  private at = 0;
  /** A line whose end is not there yet. */
  private part = '';

  constructor(file: string) {
    this.file = file;
  }

  /** Whole lines since the last call. Undefined: there is no file. */
  next(): string[] | undefined {
    let read = readFrom(this.file, this.at);
    if (read === undefined) return undefined;
    let before = '';
    if (read.size < this.at) {
      // It was cut: what came before that is in the copy.
      before = readFrom(`${this.file}.1`, this.at)?.text ?? '';
      this.at = 0;
      read = readFrom(this.file, 0) ?? read;
    }
    const lines = (this.part + before + read.text).split('\n');
    // The first of them is the end of a line.
    if (read.from > this.at) lines.shift();
    this.at = read.end;
    this.part = lines.pop() ?? '';
    return lines;
  }
}

/** What of these lines is shown, and how. `people`: in words, else as they are. */
export const shownLines = (
  lines: readonly string[],
  { level }: Pick<LogsWish, 'level'>,
  people: { colour: boolean } | undefined,
): string[] =>
  lines.flatMap((line) => {
    try {
      const read = JSON.parse(line) as { level: number };
      if (read.level < LEVELS[level]) return [];
      return [people === undefined ? line : forPeople(line, people.colour).trimEnd()];
    } catch {
      return []; // half a line, where the file was cut
    }
  });

/**
 * Prints the log that the data folder keeps, and with `follow` what comes, until it is ended (Ctrl-C).
 * @throws {CommandError} nothing is kept there
 */
export function showLogs(dataDir: string, wish: LogsWish, write: (text: string) => void): void {
  const file = logFileIn(dataDir);
  const people = isatty(STDOUT) ? { colour: !process.env.NO_COLOR } : undefined;
  const print = (lines: readonly string[]): void => {
    if (lines.length > 0) write(`${lines.join('\n')}\n`);
  };
  const reader = new LogReader(file);
  const now = reader.next();
  const before = new LogReader(`${file}.1`).next();
  if (now === undefined && before === undefined)
    throw new CommandError(
      `no log is kept in ${dataDir}: no server ran with it, or TAHAN_LOG_BYTES is 0; a service manager may have the log (journalctl -u tahan)`,
    );
  const shown = shownLines([...(before ?? []), ...(now ?? [])], wish, people);
  print(wish.lines === 0 ? [] : shown.slice(-wish.lines));
  if (wish.follow) setInterval(() => print(shownLines(reader.next() ?? [], wish, people)), LOOK_EVERY_MS);
}
