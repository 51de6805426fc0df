import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** How the commands find a server that runs: written into its data folder, for its user only. */
const schema = z.object({
  pid: z.int().positive(),
  adminHost: z.string(),
  adminPort: z.int().positive(),
  url: z.string(),
});
export type ServerFile = z.infer<typeof schema>;

const pathIn = (dataDir: string): string => join(dataDir, 'server.json');

/** Makes the data folder, which is not for version control. */
export function makeDataFolder(dataDir: string): void {
  const made = mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (made !== undefined) writeFileSync(join(dataDir, '.gitignore'), '*\n');
}

/** Writes where the server is; it is taken away when this process ends. */
export function writeServerFile(dataDir: string, server: ServerFile): void {
  const path = pathIn(dataDir);
  rmSync(path, { force: true }); // an old one may have another mode
  writeFileSync(path, `${JSON.stringify(server)}\n`, { mode: 0o600 });
  process.on('exit', () => {
    if (readServerFile(dataDir)?.pid === process.pid) rmSync(path, { force: true });
  });
}

/** Where the server of a data folder is; undefined: none was started, or it has ended. */
export function readServerFile(dataDir: string): ServerFile | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(pathIn(dataDir), 'utf8')));
  } catch {
    return undefined; // no file, or not one of this kind: there is nothing to talk to
  }
}
