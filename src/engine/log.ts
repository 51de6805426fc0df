import { openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import pino, { type DestinationStream, type Logger } from 'pino';
import { logFileIn } from './log-file.ts';
import { forPeople } from './log-lines.ts';

/** At most this many lines a second from one process; the rest is counted and said in one line. */
const MAX_LINES_PER_SECOND = 50;

const STDOUT = 1;
const STDERR = 2;
/** Most that waits for the kept log's disk, or for the reader of stdout or stderr, bytes; what is beyond is lost. */
const MAX_WAITING_KEPT = 65_536;
const MAX_WAITING = 1_048_576;

/**
 * A structured log: one event, one line. Warnings and worse go to stderr, the others to stdout, so that a process manager
 * keeps healthy lines out of its error log. Lines are JSON, and words for people where a terminal shows them. Bounded in
 * volume, so that a storm of errors fills no disk; what was left out is told in the next second's first line.
 * @param keep where the same lines are kept for `logs`, and how much (0: nothing); absent: nowhere
 */
export function createLog(level: string, processName: string, keep?: { dataDir: string; logBytes: number }): Logger {
  // What the site writes there itself (an access log) must not end the process either.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', lost);
  const destinations = [STDOUT, STDERR].map((fd) => ({ fd, file: openDestination(fd, MAX_WAITING, lost) }));
  const kept = keep === undefined || keep.logBytes === 0 ? undefined : openKept(logFileIn(keep.dataDir));
  const [out, err] = destinations
    .map(({ fd, file }) => (isatty(fd) ? toTerminal(file) : file))
    .map((stream) => (kept === undefined ? stream : toBoth(stream, kept)));
  let second = 0;
  let lines = 0;
  let dropped = 0;
  const log = pino(
    {
      level,
      base: { process: processName, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: {
        logMethod(args, method) {
          const now = Math.floor(Date.now() / 1000);
          if (now !== second) {
            const missed = dropped;
            second = now;
            lines = 0;
            dropped = 0;
            if (missed > 0)
              method.apply(this, [{ dropped: missed }, 'log lines dropped: more than a process may write in a second']);
          }
          if (lines >= MAX_LINES_PER_SECOND) {
            dropped += 1;
            return;
          }
          lines += 1;
          method.apply(this, args);
        },
      },
    },
    // Each line goes to the last of them whose level it has.
    pino.multistream(
      [
        { level: 'trace', stream: out! },
        { level: 'warn', stream: err! },
      ],
      { dedupe: true },
    ),
  );
  process.on('exit', () => {
    for (const { file } of destinations) file.flushSync();
    kept?.flushSync();
  });
  return log;
}

type Destination = ReturnType<typeof pino.destination>;

/** A full disk, a terminal that is gone, nobody who reads: the words are lost, and there is nowhere left to say so. */
const lost = (): void => {};

/** `onError`: some words could not be written. They are tried again with the next ones, and hold up nobody. */
function openDestination(fd: number, maxLength: number, onError: (error: unknown) => void): Destination {
  const file = pino.destination({ fd, sync: false, minLength: 0, maxLength });
  let takes = true;
  file.on('write', () => {
    takes = true;
  });
  file.on('error', (error) => {
    takes = false;
    onError(error);
  });
  const flush = file.flushSync.bind(file);
  // pino calls it at the end of the process, too; where nothing can be written it would try for ever.
  file.flushSync = () => {
    if (!takes) return;
    try {
      flush();
    } catch (error) {
      onError(error);
    }
  };
  return file;
}

/** All processes append to it; the primary keeps it within its size (primary/log-size.ts). Undefined: it cannot be had. */
function openKept(path: string): Destination | undefined {
  let told = false;
  const tell = (error: unknown): void => {
    if (told) return;
    told = true;
    try {
      writeSync(STDERR, `the log cannot be kept in ${path} (${String(error)})\n`);
    } catch {
      // stderr is on the same full disk
    }
  };
  try {
    // Opened here: a file that pino opens is not ready when a process ends at once, which then fails.
    return openDestination(openSync(path, 'a', 0o600), MAX_WAITING_KEPT, tell);
  } catch (error) {
    tell(error);
    return undefined;
  }
}

const toBoth = (stream: DestinationStream, kept: DestinationStream): DestinationStream => ({
  write(line) {
    stream.write(line);
    kept.write(line);
  },
});

function toTerminal(file: DestinationStream): DestinationStream {
  // https://no-color.org
  const colour = !process.env.NO_COLOR;
  return { write: (line) => file.write(forPeople(line, colour)) };
}
