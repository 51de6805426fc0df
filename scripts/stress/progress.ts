/** Tells the person who waits what goes on: one line that changes on a terminal, a line for each step elsewhere. */
export interface Progress {
  step: (text: string, seconds: number) => void;
  /** A line that stays. */
  say: (line: string) => void;
  end: () => void;
}

const EVERY_MS = 500;

/** @param expectedSeconds of all that is to be done */
export function startProgress(expectedSeconds: number, out: NodeJS.WriteStream = process.stderr): Progress {
  const startedAt = performance.now();
  let current: { text: string; seconds: number; at: number } | undefined;
  const clear = (): void => {
    if (out.isTTY) out.write('\r\x1b[2K');
  };
  const draw = (): void => {
    if (!out.isTTY || current === undefined) return;
    const now = performance.now();
    const took = Math.min(current.seconds, (now - current.at) / 1000);
    const left = Math.max(0, expectedSeconds - (now - startedAt) / 1000);
    clear();
    out.write(`${current.text}  ${took.toFixed(0)} of ${current.seconds.toFixed(0)} s, ${inWords(left)} left`);
  };
  const timer = setInterval(draw, EVERY_MS);
  return {
    step(text, seconds) {
      current = { text, seconds, at: performance.now() };
      if (out.isTTY) draw();
      else out.write(`${text} (${seconds.toFixed(0)} s)\n`);
    },
    say(line) {
      clear();
      out.write(`${line}\n`);
      draw();
    },
    end() {
      clearInterval(timer);
      clear();
      current = undefined;
    },
  };
}

/** A time that is left, for people. */
export const inWords = (seconds: number): string =>
  seconds < 90 ? `about ${Math.max(1, Math.round(seconds))} s` : `about ${Math.round(seconds / 60)} min`;
