import { readFileSync } from 'node:fs';

/** The 22nd field of /proc/<pid>/stat (proc(5)), counted from behind the name, which may hold spaces; null: not known. */
export function startedTicks(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return null; // no /proc here: the pid alone must do
  }
}
