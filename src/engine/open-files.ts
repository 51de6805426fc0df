import { readFileSync } from 'node:fs';

/**
 * What a process needs beside its connections: a worker at rest has 45 files open, each thread of the pool some more, and
 * the site its own files and connections. So many at least, and this part of the limit where it is large.
 */
const RESERVE = 128;
const RESERVE_SHARE = 1 / 16;

/** How many files this process may open (Node has raised its soft limit to the hard one); Infinity where nobody tells. */
export function openFilesLimit(read = (): string => readFileSync('/proc/self/limits', 'utf8')): number {
  let limits: string;
  try {
    limits = read();
  } catch {
    return Number.POSITIVE_INFINITY; // no /proc here: the kernel's own error is all there is
  }
  const limit = Number(/^Max open files +(\d+|unlimited)/m.exec(limits)?.[1]);
  return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit;
}

/** Connections that a process may hold: as many as it is set to, and no more than leave it the files that it needs itself. */
export function boundedConnections(maxConnections: number, limit = openFilesLimit()): number {
  if (limit === Number.POSITIVE_INFINITY) return maxConnections;
  const reserve = Math.min(Math.floor(limit / 2), Math.max(RESERVE, Math.ceil(limit * RESERVE_SHARE)));
  return Math.min(maxConnections, limit - reserve);
}

/** What to raise, in one line; undefined: nothing. */
export function openFilesWarning(maxConnections: number, limit = openFilesLimit()): string | undefined {
  const bounded = boundedConnections(maxConnections, limit);
  return bounded === maxConnections
    ? undefined
    : `a process may open ${limit} files: a worker takes ${bounded} connections, not TAHAN_MAX_CONNECTIONS=${maxConnections}; raise LimitNOFILE= (systemd) or ulimit -n, or lower the setting`;
}
