import { actionSchema, type OperatorAction } from '../operator-action.ts';

/** What an operator's commands are called, what they take, and what they do: for `tahan --help`. */
export const OPERATOR_HELP: readonly (readonly [string, string])[] = [
  ['workers 1 4', 'fewest and most workers, until the next reload'],
  ['purge page /posts', 'render a page anew; also: purge tag NAME, purge all; --hard: no old copy is kept'],
  ['feature off /search', 'switch the paths that begin so off; on: on again'],
  ['maintenance on', 'every visitor gets the maintenance page; off: the site is open'],
  ['block 203.0.113.0/24 60', 'answer a network with 403 for so many minutes; 0: no longer'],
  ['gate 0.5', "the gate's bounds times this: below 1 is tighter, 1 as the settings say"],
  ['dry-run on', 'the gate counts what it would refuse, and refuses nothing; off'],
  ['hold scaling on', 'the number of workers stays as it is; off. Also: hold reloads on'],
  ['profile', 'a CPU profile of the busiest worker for 10 s'],
  ['mute ALERT 60', 'no message of an alert for so many minutes'],
  ['note TEXT', 'a line on the time axis'],
];

const WORDS = [
  'workers',
  'purge',
  'feature',
  'maintenance',
  'block',
  'gate',
  'dry-run',
  'hold',
  'profile',
  'mute',
  'note',
];

/** Whether a word is an operator's command. */
export const isOperatorWord = (word: string): boolean => WORDS.includes(word);

const flag = (word: string | undefined): boolean | undefined =>
  word === 'on' ? true : word === 'off' ? false : undefined;

/** Reads an operator's command. A string: why it cannot be, in a line. */
export function readOperatorWords([name = '', ...given]: readonly string[]): OperatorAction | string {
  const hard = given.includes('--hard');
  const rest = given.filter((word) => word !== '--hard');
  const read = actionSchema.safeParse(shapeOf(name, rest, hard));
  const usage = OPERATOR_HELP.find(([line]) => line.split(' ')[0] === name)?.[0] ?? '';
  if (read.success && (name === 'purge' || !hard)) return read.data;
  return `tahan ${name} cannot take "${given.join(' ')}"; for example: tahan ${usage}`;
}

function shapeOf(name: string, rest: readonly string[], hard: boolean): unknown {
  const [first, second] = rest;
  const most = (count: number): boolean => rest.length <= count;
  switch (name) {
    case 'workers':
      return most(2) && { do: 'workers', min: Number(first), max: Number(second) };
    case 'purge':
      if (first === 'all') return most(1) && { do: 'purge-all', hard };
      return most(2) && { do: 'purge', what: first, name: second, hard };
    case 'feature':
      return most(2) && { do: 'feature', on: flag(first), path: second };
    case 'maintenance':
    case 'dry-run':
      return most(1) && { do: name, on: flag(first) };
    case 'block':
      return most(2) && { do: 'block', network: first, minutes: Number(second) };
    case 'gate':
      return most(1) && { do: 'gate', factor: Number(first) };
    case 'hold':
      return most(2) && { do: `hold-${first}`, on: flag(second) };
    case 'profile':
      return most(1) && { do: 'profile', ...(first === undefined ? {} : { worker: first }) };
    case 'mute':
      return most(2) && { do: 'mute', alert: first, minutes: Number(second) };
    default:
      return { do: 'note', text: rest.join(' ') };
  }
}
