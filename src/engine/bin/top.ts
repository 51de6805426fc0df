import type { AdminPort } from './control.ts';
import { askOps, readFleet } from './control.ts';
import { statusLines } from './status-lines.ts';
import { type Now, topLines } from './top-lines.ts';

const EVERY_MS = 1_000;
/** Of a stdout that is no terminal. */
const WIDTH = 200;
const HEIGHT = 200;
const OTHER_SCREEN = '\x1b[?1049h\x1b[?25l';
const FIRST_SCREEN = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';
const CTRL_C = '\x03';

/** @throws {Error} nobody answers */
async function lookAt(admin: AdminPort, token: string, columns: number, rows: number): Promise<string[]> {
  const [now, alerts] = await Promise.all([
    askOps(admin, token, 'now') as Promise<Omit<Now, 'alerts'> | undefined>,
    askOps(admin, token, 'alerts') as Promise<Now['alerts'] | undefined>,
  ]);
  if (now !== undefined) return topLines({ ...now, alerts: alerts ?? [] }, columns, rows);
  // Without the monitor there is what the primary knows.
  return [...statusLines(await readFleet(admin), Date.now()), '', 'The monitor is away: no rates, no alerts.'];
}

/**
 * Shows the server each second until `q` or Ctrl-C; once where stdout or stdin is no terminal.
 * @throws {Error} nobody answers, where it shows once
 */
export async function runTop(admin: AdminPort, token: string): Promise<void> {
  const { stdin, stdout } = process;
  if (!stdout.isTTY || !stdin.isTTY) {
    console.log((await lookAt(admin, token, WIDTH, HEIGHT)).join('\n'));
    return;
  }
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    clearInterval(timer);
    stdin.setRawMode(false);
    stdin.pause();
    stdout.write(FIRST_SCREEN);
  };
  let drawing = false;
  const draw = async (): Promise<void> => {
    if (drawing) return;
    drawing = true;
    // A server that starts anew is waited for.
    const lines = await lookAt(admin, token, stdout.columns, stdout.rows - 2).catch((error: unknown) => [
      error instanceof Error ? error.message : String(error),
    ]);
    drawing = false;
    if (ended) return;
    const all = [...lines, '', 'q ends it'];
    stdout.write(`${HOME}${all.map((line) => `${line}${REST_OF_LINE}`).join('\r\n')}${REST_OF_SCREEN}`);
  };
  const timer = setInterval(() => void draw(), EVERY_MS);
  stdout.write(OTHER_SCREEN);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.on('data', (keys: string) => {
    if (keys.includes('q') || keys.includes(CTRL_C)) end();
  });
  stdout.on('resize', () => void draw());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  await draw();
}
