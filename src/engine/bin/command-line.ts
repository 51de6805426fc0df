import type { OperatorAction } from '../operator-action.ts';
import { type LogsWish, readLogsWords } from './logs.ts';
import { isOperatorWord, readOperatorWords } from './operator-words.ts';

/** What a person wants of the command `tahan`. */
export type Wish =
  | { do: 'run'; entry: string | undefined; args: readonly string[] }
  | { do: 'reload'; force?: true }
  | { do: 'status' | 'top' | 'stop' | 'settings' | 'help' | 'version' }
  | { do: 'init'; entry: string | undefined }
  | { do: 'doctor'; entry: string | undefined; args: readonly string[] }
  | { do: 'act'; action: OperatorAction }
  | { do: 'logs'; logs: LogsWish }
  | { do: 'stress'; entry: string | undefined; words: readonly string[] }
  | { do: 'event'; words: readonly string[] }
  | { do: 'refuse'; why: string };

const COMMANDS = ['reload', 'status', 'top', 'stop', 'settings'] as const;

/** Reads the words behind `tahan`. What stands behind the app's file is the app's. */
export function readCommandLine(words: readonly string[]): Wish {
  const [first, ...rest] = words;
  if (first === undefined) return { do: 'run', entry: undefined, args: [] };
  if (first === '--help' || first === '-h' || first === 'help') return { do: 'help' };
  if (first === '--version' || first === '-v') return { do: 'version' };
  const command = COMMANDS.find((name) => name === first);
  if (first === 'logs') {
    const logs = readLogsWords(rest);
    return typeof logs === 'string' ? { do: 'refuse', why: `tahan logs: ${logs}` } : { do: 'logs', logs };
  }
  if (first === 'stress') return stress(rest);
  if (first === 'event') return { do: 'event', words: rest };
  if (first === 'reload' && rest[0] === '--force' && rest.length === 1) return { do: 'reload', force: true };
  if (command !== undefined) {
    if (rest.length > 0) return { do: 'refuse', why: `tahan ${command} takes nothing more; not ${rest.join(' ')}` };
    return { do: command };
  }
  if (first === 'init') {
    if (rest.length > 1)
      return { do: 'refuse', why: `tahan init takes the file of the app alone; not ${rest.slice(1).join(' ')}` };
    return { do: 'init', entry: rest[0] };
  }
  if (isOperatorWord(first)) {
    const action = readOperatorWords(words);
    return typeof action === 'string' ? { do: 'refuse', why: action } : { do: 'act', action };
  }
  if (first === 'run' || first === 'doctor') return { do: first, ...entryWords(rest) };
  if (first.startsWith('-'))
    return {
      do: 'refuse',
      why: `unknown option ${first}; tahan --help tells what there is, and options of Node go into NODE_OPTIONS`,
    };
  return { do: 'run', ...entryWords(words) };
}

/** A first word that is no option is the app's file. */
function stress(words: readonly string[]): Wish {
  const [first, ...rest] = words;
  return first === undefined || first.startsWith('-')
    ? { do: 'stress', entry: undefined, words }
    : { do: 'stress', entry: first, words: rest };
}

/** A `--` behind the file is for who is used to it; node itself takes none there. */
function entryWords([entry, ...args]: readonly string[]): { entry: string | undefined; args: readonly string[] } {
  return { entry, args: args[0] === '--' ? args.slice(1) : args };
}
