import { closeSync, openSync, readSync } from 'node:fs';

/** Enough for /proc/stat of 512 CPUs; its long list of interrupts that follows is not needed. */
const MAX_BYTES = 65_536;
const buffer = Buffer.allocUnsafe(MAX_BYTES);

/** The first 64 KiB of a file of the kernel, or undefined when it is not there, is no file, or may not be read. */
export function readProc(path: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return buffer.toString('latin1', 0, readSync(file, buffer, 0, MAX_BYTES, 0));
  } catch {
    return undefined; // what a kernel or a container does not show is simply not known
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
