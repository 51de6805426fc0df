import { copyFile, stat, truncate } from 'node:fs/promises';

const LOOK_EVERY_MS = 5_000;

/**
 * Keeps a file that many append to within its size: when it is over `maxBytes`, it becomes `<file>.1` and begins anew. It is
 * copied and cut, not renamed, as the others would go on in a file that was renamed.
 */
export async function keepLogWithin(file: string, maxBytes: number): Promise<void> {
  const { size } = await stat(file);
  if (size <= maxBytes) return;
  await copyFile(file, `${file}.1`);
  await truncate(file, 0);
}

/** Looks at it every few seconds. `report` is told once that it cannot be done. */
export function watchLogSize(file: string, maxBytes: number, report: (problem: string) => void): void {
  let busy = false;
  let told = false;
  const look = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      await keepLogWithin(file, maxBytes);
    } catch (error) {
      if (!told) report(String(error));
      told = true;
    }
    busy = false;
  };
  setInterval(() => void look(), LOOK_EVERY_MS).unref();
}
