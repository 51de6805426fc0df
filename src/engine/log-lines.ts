/** How a line of the log looks at a terminal. */

const LEVELS: Record<number, string> = { 10: 'trace', 20: 'debug', 30: '', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' };
/** Yellow from 40 on, red from 50 on; a terminal that shows none of them leaves them out. */
const COLOURS: Record<number, string> = { 40: '\x1b[33m', 50: '\x1b[31m', 60: '\x1b[31m' };
const FAINT = '\x1b[2m';
const PLAIN = '\x1b[0m';

interface LogLine {
  level: number;
  time: string;
  process: string;
  msg?: string;
  /** pino's serializer of errors. */
  err?: { stack?: string };
  /** A stack, where the engine logs one. */
  error?: unknown;
}

/**
 * A line of JSON as a person reads it: `12:03:11 primary WARN worker died worker=worker-1 how="signal SIGKILL"`. The time
 * is that of this machine. What has lines of its own (a stack) stands below it.
 * @param colour whether the reader can see colours
 */
export function forPeople(json: string, colour: boolean): string {
  const { level, time, process: name, msg = '', err, error, ...rest } = JSON.parse(json) as LogLine;
  const below = [err?.stack, error].filter((text) => text !== undefined).map(String);
  const fields = Object.entries(rest)
    .filter(([key]) => key !== 'pid')
    .map(([key, value]) => `${key}=${shown(value)}`);
  if (below.length > 0 && below.every((text) => !text.includes('\n'))) fields.push(...below.splice(0).map(shown));
  const paint = (code: string, text: string): string => (colour && text !== '' ? `${code}${text}${PLAIN}` : text);
  const clock = new Date(time).toTimeString().slice(0, 8);
  const words = [
    paint(FAINT, clock),
    name.padEnd(9),
    paint(COLOURS[level] ?? FAINT, LEVELS[level] ?? String(level)),
    msg,
    paint(FAINT, fields.join(' ')),
  ];
  const lines = [words.filter((word) => word !== '').join(' '), ...below.flatMap((text) => text.split('\n'))];
  return `${lines.map((line, index) => (index === 0 ? line : `  ${line}`)).join('\n')}\n`;
}

const shown = (value: unknown): string =>
  typeof value === 'string' && /^[\w./:-]+$/.test(value) ? value : JSON.stringify(value);
