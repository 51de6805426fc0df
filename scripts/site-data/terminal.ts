import type { ReadStream } from 'node:tty';
import { CommandError, type Terminal } from './command.ts';

const MAX_INPUT = 4_096;
const ENTER = /[\r\n]/;
const CONTROL_C = '\x03';
const CONTROL_D = '\x04';
const BACKSPACE = /[\b\x7f]/;

/** One line from a terminal, not shown. */
async function askHidden(input: ReadStream, prompt: string): Promise<string> {
  process.stderr.write(prompt);
  input.setRawMode(true);
  input.setEncoding('utf8');
  let line = '';
  try {
    for await (const chunk of input.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
      for (const character of chunk) {
        if (ENTER.test(character)) return line;
        if (character === CONTROL_C || character === CONTROL_D) throw new CommandError('given up: nothing was changed');
        if (BACKSPACE.test(character)) line = Array.from(line).slice(0, -1).join('');
        else if (line.length < MAX_INPUT) line += character;
      }
    }
    return line;
  } finally {
    input.setRawMode(false);
    input.pause();
    process.stderr.write('\n');
  }
}

/** The first line of an input that is not a terminal. */
async function readLine(input: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (ENTER.test(text) || text.length > MAX_INPUT) break;
  }
  return text.split(ENTER)[0] ?? '';
}

async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return readLine(process.stdin);
  const password = await askHidden(process.stdin, 'Password: ');
  if ((await askHidden(process.stdin, 'Again: ')) !== password)
    throw new CommandError('the two passwords differ: nothing was changed');
  return password;
}

/** How often the line of the progress changes, ms. */
const SHOW_EVERY_MS = 100;
let shownAt = Number.NEGATIVE_INFINITY;
const CLEAR_LINE = '\r\x1b[K';

function progress(line: string): void {
  if (!process.stderr.isTTY || performance.now() - shownAt < SHOW_EVERY_MS) return;
  shownAt = performance.now();
  process.stderr.write(`${CLEAR_LINE}${line.slice(0, (process.stderr.columns || 80) - 1)}`);
}

function say(stream: NodeJS.WriteStream, line: string): void {
  if (shownAt !== Number.NEGATIVE_INFINITY) process.stderr.write(CLEAR_LINE);
  shownAt = Number.NEGATIVE_INFINITY;
  stream.write(`${line}\n`);
}

/** The terminal of this process. */
export const terminal: Terminal = {
  out: (line) => say(process.stdout, line),
  err: (line) => say(process.stderr, line),
  progress,
  readPassword,
  env: process.env,
};
