/** What this machine says of itself; undefined where it does not say. */
export interface Readings {
  /** Files that a process may open. */
  openFiles: number | undefined;
  /** net.core.somaxconn: connections that wait to be accepted. */
  somaxconn: number | undefined;
  /** net.ipv4.tcp_max_syn_backlog: connections that are being opened. */
  synBacklog: number | undefined;
  /** net.ipv4.tcp_syncookies: what the kernel does when that is full. */
  synCookies: number | undefined;
  cores: number;
  /** Cores that the cgroup grants; undefined: as many as there are. */
  quotaCores: number | undefined;
  memoryAvailableMb: number | undefined;
  swapUsedMb: number | undefined;
  /** Share of CPU time that the hypervisor gave to others while it was looked at, 0 to 1. */
  stealShare: number | undefined;
  /** Share of CPU time in use by others then, 0 to 1. */
  busyShare: number | undefined;
  /** Median time of a small write to the data folder that is safe on the disk (fsync), ms; undefined: it cannot be written. */
  fsyncMs: number | undefined;
  /** Room on the disk of the data folder. */
  diskFreeMb: number | undefined;
  dataDir: string;
  /** The kernel's clock source. */
  clockSource: string | undefined;
}

/** What the server is set to use of it. */
export interface Wanted {
  maxConnections: number;
  backlog: number;
  workersMax: number;
  storeBytes: number;
}

/** One thing of the machine, judged. */
export interface Finding {
  name: string;
  /** `unknown`: the machine does not say. */
  is: 'good' | 'hurts' | 'unknown';
  seen: string;
  wanted: string;
  /** What it does in a surge. */
  why: string;
  /** What to type, or to do. */
  command: string;
}
