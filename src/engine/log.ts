import pino, { type Logger } from 'pino';

/** At most this many lines a second from one process; the rest is counted and said in one line. */
const MAX_LINES_PER_SECOND = 50;

/**
 * A structured log on stderr: one event, one line of JSON. Bounded in volume, so that a storm of errors
 * fills no disk; what was left out is told in the next second's first line.
 */
export function createLog(level: string, processName: string): Logger {
  const destination = pino.destination({ fd: 2, sync: false, minLength: 0 });
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
    destination,
  );
  process.on('exit', () => {
    try {
      destination.flushSync();
    } catch {
      // stderr is closed or was never opened: there is nowhere left to say so
    }
  });
  return log;
}
