const MAX_MEGABYTES = 4_096;
const leaked: Buffer[] = [];

/** Keeps this many megabytes of memory for ever (written, so that they are resident). Returns all kept so far, MiB. */
export function leak(megabytes: number): number {
  const room = MAX_MEGABYTES - leaked.length;
  for (let kept = 0; kept < Math.min(megabytes, room); kept += 1) leaked.push(Buffer.alloc(1_048_576, 1));
  return leaked.length;
}
