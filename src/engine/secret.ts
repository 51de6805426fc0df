import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The data folder cannot be used; the message is the one line to show. */
export class DataFolderError extends Error {
  readonly code = 'DATA_FOLDER';
  override readonly name = 'DataFolderError';
}

const why = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/**
 * Makes the data folder, and the session secret in it when there is none (mode 0600).
 * @throws {DataFolderError} the folder cannot be made or written
 */
export function sessionSecret(dataDir: string, given: string): string {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o750 });
  } catch (error) {
    throw new DataFolderError(
      `the data folder ${dataDir} cannot be made (${why(error)}); set TAHAN_DATA_DIR to a folder that can be written`,
    );
  }
  if (given !== '') return given;
  const file = join(dataDir, 'session.secret');
  try {
    // `wx`: of two starts at once one makes it, the other reads it.
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if (why(error) !== 'EEXIST')
      throw new DataFolderError(
        `the session secret ${file} cannot be written (${why(error)}); set TAHAN_DATA_DIR to a folder that can be written`,
      );
  }
  try {
    const secret = readFileSync(file, 'utf8').trim();
    if (secret.length >= 32) return secret;
  } catch (error) {
    throw new DataFolderError(
      `the session secret ${file} cannot be read (${why(error)}); give this user the right to read it`,
    );
  }
  throw new DataFolderError(
    `the session secret ${file} is too short; remove the file, and a new one is made (everybody signs in again)`,
  );
}

/** The file of the operator's token in the data folder. */
export const TOKEN_FILE = 'admin.token';

/**
 * The operator's token: the given one, or one that is made in the data folder (mode 0600) where there is none.
 * `made`: just now, so that it is to be told once.
 * @throws {DataFolderError} it cannot be read or written
 */
export function operatorToken(dataDir: string, given: string): { token: string; made: boolean } {
  if (given !== '') return { token: given, made: false };
  const file = join(dataDir, TOKEN_FILE);
  let made = true;
  try {
    writeFileSync(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if (why(error) !== 'EEXIST')
      throw new DataFolderError(
        `the operator token ${file} cannot be written (${why(error)}); give this user the right`,
      );
    made = false;
  }
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (token.length >= 16) return { token, made };
  } catch (error) {
    throw new DataFolderError(
      `the operator token ${file} cannot be read (${why(error)}); give this user the right to read it`,
    );
  }
  throw new DataFolderError(`the operator token ${file} is too short; remove the file, and a new one is made`);
}
