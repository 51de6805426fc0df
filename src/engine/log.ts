import { isatty } from 'node:tty';
import pino, { type DestinationStream, type Logger } from 'pino';
import { forPeople } from './log-lines.ts';

/** At most this many lines a second from one process; the rest is counted and said in one line. */
const MAX_LINES_PER_SECOND = 50;

const STDOUT = 1;
const STDERR = 2;

/**
 * A structured log: one event, one line. Warnings and worse go to stderr, the others to stdout, so that a process manager
 * keeps healthy lines out of its error log. Lines are JSON, and words for people where a terminal shows them. Bounded in
 * volume, so that a storm of errors fills no disk; what was left out is told in the next second's first line.
 */
export function createLog(level: string, processName: string): Logger {
  const destinations = [STDOUT, STDERR].map((fd) => ({
    fd,
    file: pino.destination({ fd, sync: false, minLength: 0 }),
  }));
  const [out, err] = destinations.map(({ fd, file }) => (isatty(fd) ? toTerminal(file) : file));
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
    for (const { file } of destinations) {
      try {
        file.flushSync();
      } catch {
        // it is closed or was never opened: there is nowhere left to say so
      }
    }
  });
  return log;
}

function toTerminal(file: DestinationStream): DestinationStream {
  // https://no-color.org
  const colour = !process.env.NO_COLOR;
  return { write: (line) => file.write(forPeople(line, colour)) };
}
