import { Readable } from 'node:stream';

/**
 * A stream of events (text/event-stream): one at once, then one each `everyMs`, until its reader has gone.
 * A reader that does not read gets none meanwhile: nothing piles up.
 */
export function eventStream(everyMs: number): Readable {
  let number = 0;
  let timer: NodeJS.Timeout | undefined;
  return new Readable({
    highWaterMark: 0,
    read() {
      timer ??= setTimeout(
        () => {
          timer = undefined;
          number += 1;
          this.push(`data: ${number}\n\n`);
        },
        number === 0 ? 0 : everyMs,
      );
    },
    destroy(error, done) {
      clearTimeout(timer);
      done(error);
    },
  });
}
