/** Ticks of one CPU since the boot (proc(5), /proc/stat), in units of 1/100 s. */
export interface CpuTimes {
  idle: number;
  steal: number;
  total: number;
}

/** Time per CPU number, from the text of /proc/stat; offline CPUs are not listed there. Empty when it is not that text. */
export function parseCpuTimes(text: string): Map<number, CpuTimes> {
  const times = new Map<number, CpuTimes>();
  for (const line of text.split('\n')) {
    if (!line.startsWith('cpu')) break;
    const [label = '', ...fields] = line.split(/\s+/);
    if (label === 'cpu') continue;
    // user nice system idle iowait irq softirq steal; guest time is in user already. Waiting for a disk leaves the CPU free.
    const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = fields.map(Number);
    const total = user + nice + system + idle + iowait + irq + softirq + steal;
    const cpu = Number(label.slice(3));
    if (Number.isInteger(cpu) && Number.isFinite(total)) times.set(cpu, { idle: idle + iowait, steal, total });
  }
  return times;
}

/** CPU numbers of a list such as `0-2,5`; the format of Cpus_allowed_list and of cpusets. Bounded: at most 4,096. */
export function parseCpuList(text: string): Set<number> {
  const cpus = new Set<number>();
  for (const part of text.trim().split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    if (match === null) continue;
    const last = Math.min(Number(match[2] ?? match[1]), 4_095);
    for (let cpu = Number(match[1]); cpu <= last; cpu++) cpus.add(cpu);
  }
  return cpus;
}

/** CPUs that this process may use, from the text of /proc/self/status; undefined: it does not say. */
export function parseAffinity(status: string): Set<number> | undefined {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1];
  const cpus = list === undefined ? undefined : parseCpuList(list);
  return cpus === undefined || cpus.size === 0 ? undefined : cpus;
}

export interface CpuUse {
  idleCores: number;
  /** Share of all time that the hypervisor gave to others. */
  stealShare: number;
  /** The same as a share of the time in which something wanted to run: what a further worker would lose too. */
  stolenOfWanted: number;
}

/** What the allowed CPUs did between two readings; undefined when no time passed or none is known. */
export function cpuBetween(
  before: ReadonlyMap<number, CpuTimes>,
  after: ReadonlyMap<number, CpuTimes>,
  allowed: ReadonlySet<number> | undefined,
): CpuUse | undefined {
  let idleCores = 0;
  let idle = 0;
  let steal = 0;
  let total = 0;
  for (const [cpu, now] of after) {
    const then = before.get(cpu);
    if (then === undefined || (allowed !== undefined && !allowed.has(cpu))) continue;
    const elapsed = now.total - then.total;
    // A CPU whose tick has been stopped may report nothing, or an idle time that goes back by one (proc(5)).
    if (elapsed <= 0) continue;
    const idleTime = Math.min(elapsed, Math.max(0, now.idle - then.idle));
    idleCores += idleTime / elapsed;
    idle += idleTime;
    steal += Math.max(0, now.steal - then.steal);
    total += elapsed;
  }
  if (total === 0) return undefined;
  return { idleCores, stealShare: steal / total, stolenOfWanted: total > idle ? steal / (total - idle) : 0 };
}

/** MemTotal and MemAvailable of /proc/meminfo, bytes. */
export function parseMeminfo(text: string): { totalBytes: number | undefined; availableBytes: number | undefined } {
  const bytes = (name: string): number | undefined => {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
    return kib === undefined ? undefined : Number(kib) * 1_024;
  };
  return { totalBytes: bytes('MemTotal'), availableBytes: bytes('MemAvailable') };
}

/** `some avg10` of a pressure file (PSI, Linux 4.20 on): percent of the last 10 s in which some task waited. */
export function parsePressure(text: string): number | undefined {
  const avg10 = /^some avg10=(\d+(?:\.\d+)?)/m.exec(text)?.[1];
  return avg10 === undefined ? undefined : Number(avg10);
}
