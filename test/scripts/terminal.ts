import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from '../../scripts/site-data/command.ts';

/** A terminal that remembers what was said to it, with a data folder of its own. */
export interface FakeTerminal extends Terminal {
  folder: string;
  dataDir: string;
  said: string[];
  complained: string[];
  progressed: string[];
  /** What is typed when a password is asked for. */
  password: string;
  remove: () => void;
}

export function fakeTerminal(): FakeTerminal {
  const folder = mkdtempSync(join(tmpdir(), 'tahan-script-'));
  const dataDir = join(folder, 'data');
  const terminal: FakeTerminal = {
    folder,
    dataDir,
    said: [],
    complained: [],
    progressed: [],
    password: 'correct horse',
    out: (line) => terminal.said.push(line),
    err: (line) => terminal.complained.push(line),
    progress: (line) => terminal.progressed.push(line),
    readPassword: async () => terminal.password,
    env: { TAHAN_DATA_DIR: dataDir },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  return terminal;
}
