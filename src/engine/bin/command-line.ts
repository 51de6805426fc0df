/** What a person wants of the command `tahan`. */
export type Wish =
  | { do: 'run'; entry: string | undefined; args: readonly string[] }
  | { do: 'reload'; force?: true }
  | { do: 'status' | 'stop' | 'settings' | 'help' | 'version' }
  | { do: 'event'; words: readonly string[] }
  | { do: 'refuse'; why: string };

const COMMANDS = ['reload', 'status', 'stop', 'settings'] as const;

/** Reads the words behind `tahan`. What stands behind the app's file is the app's. */
export function readCommandLine(words: readonly string[]): Wish {
  const [first, ...rest] = words;
  if (first === undefined) return { do: 'run', entry: undefined, args: [] };
  if (first === '--help' || first === '-h' || first === 'help') return { do: 'help' };
  if (first === '--version' || first === '-v') return { do: 'version' };
  const command = COMMANDS.find((name) => name === first);
  if (first === 'event') return { do: 'event', words: rest };
  if (first === 'reload' && rest[0] === '--force' && rest.length === 1) return { do: 'reload', force: true };
  if (command !== undefined) {
    if (rest.length > 0) return { do: 'refuse', why: `tahan ${command} takes nothing more; not ${rest.join(' ')}` };
    return { do: command };
  }
  if (first === 'run') return rest[0] === undefined ? { do: 'run', entry: undefined, args: [] } : run(rest);
  if (first.startsWith('-'))
    return {
      do: 'refuse',
      why: `unknown option ${first}; tahan --help tells what there is, and options of Node go into NODE_OPTIONS`,
    };
  return run(words);
}

/** A `--` behind the file is for who is used to it; node itself takes none there. */
function run([entry, ...args]: readonly string[]): Wish {
  return { do: 'run', entry, args: args[0] === '--' ? args.slice(1) : args };
}
