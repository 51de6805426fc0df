import { ConfigError, readConfig } from '../../src/config.ts';
import { readEnvironment } from '../../src/environment.ts';

/** The command line is wrong; the usage is printed with it. */
export class UsageError extends Error {
  readonly code = 'USAGE';
  override readonly name = 'UsageError';
}

/** The command was understood, and could not be done. */
export class CommandError extends Error {
  readonly code = 'COMMAND_FAILED';
  override readonly name = 'CommandError';
}

/** What a command talks to; tests give their own. */
export interface Terminal {
  out: (line: string) => void;
  err: (line: string) => void;
  /** Shows how far the work is, in place of the line before; nothing where nobody looks. */
  progress: (line: string) => void;
  /** Asks for a password without showing it, or reads it from the input. */
  readPassword: () => Promise<string>;
  env: NodeJS.ProcessEnv;
}

/** The server's data folder, as its settings say. */
export const dataFolder = (env: NodeJS.ProcessEnv): string => readConfig(readEnvironment(env).env).dataDir;

/** Errors of node:util's parseArgs are mistakes of the person who typed. */
const isUsage = (error: unknown): boolean =>
  error instanceof UsageError || String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');

const KNOWN = new Set([
  'COMMAND_FAILED',
  'DATA_FOLDER',
  'BACKUP',
  'DATABASE_NEWER',
  'DATABASE_DAMAGED',
  'SQLITE_BUSY',
  'SQLITE_FULL',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'EACCES',
  'ENOSPC',
  'EEXIST',
]);

/**
 * Runs a command and tells its failure in a line.
 * @returns the exit code: 0, 1 for a failure, 2 for a wrong command line
 */
export async function runCommand(usage: string, terminal: Terminal, work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    if (isUsage(error)) {
      terminal.err((error as Error).message);
      terminal.err(usage);
      return 2;
    }
    if (error instanceof ConfigError) {
      for (const problem of error.problems) terminal.err(problem);
      return 1;
    }
    if (!KNOWN.has((error as { code?: string }).code ?? '')) throw error;
    terminal.err((error as Error).message);
    return 1;
  }
}
