import { boundedConnections } from '../open-files.ts';
import type { Finding, Readings, Wanted } from './readings.ts';

/** A write that takes longer is a disk that turns, or that is far away, ms: a form waits for one or two of them. */
const SLOW_FSYNC_MS = 20;
/** Of the CPU time; over it a surge meets a machine that is smaller than it looks. */
const MUCH_STEAL = 0.02;
const BUSY_NEIGHBOURS = 0.5;
/** A worker has 150 to 200 MiB, and more in a surge. */
const WORKER_MB = 300;
/** Primary, lifeboat and the rest. */
const BESIDE_MB = 300;
const SOME_SWAP_MB = 64;
const LEAST_DISK_MB = 512;
const LEAST_SYN_BACKLOG = 1_024;
/** Clock sources that are read without a system call. Another makes each look at the clock some 20 times as dear. */
const QUICK_CLOCKS = ['tsc', 'kvm-clock', 'arch_sys_counter', 'hyperv_clocksource_tsc_page', 'xen'];

const sysctl = (name: string, value: number): string =>
  `sysctl -w ${name}=${value}   (and the same line in /etc/sysctl.d/)`;

/** What of a machine will hurt in a surge, most hurtful kind of resource first. */
export function judge(readings: Readings, wanted: Wanted): Finding[] {
  return [
    openFiles(readings, wanted),
    somaxconn(readings, wanted),
    synBacklog(readings),
    quota(readings, wanted),
    memory(readings, wanted),
    swap(readings),
    fsync(readings),
    disk(readings, wanted),
    steal(readings),
    neighbours(readings),
    clock(readings),
  ];
}

/** A finding: `unknown` where there is no reading, else by what `isGood` says. */
function finding<T>(
  value: T | undefined,
  isGood: (value: T) => boolean,
  show: (value: T) => string,
  rest: Pick<Finding, 'name' | 'wanted' | 'why' | 'command'>,
): Finding {
  if (value === undefined) return { ...rest, is: 'unknown', seen: 'the machine does not say' };
  return { ...rest, is: isGood(value) ? 'good' : 'hurts', seen: show(value) };
}

const openFiles = ({ openFiles: value }: Readings, { maxConnections }: Wanted): Finding =>
  finding(value, (limit) => boundedConnections(maxConnections, limit) === maxConnections, String, {
    name: 'open files (ulimit -n)',
    wanted: `${Math.ceil(maxConnections * 1.07) + 128} or more`,
    why: `a worker takes fewer than the ${maxConnections} connections it is set to`,
    command: 'LimitNOFILE=65536 in the systemd unit, or ulimit -n 65536',
  });

const somaxconn = ({ somaxconn: value }: Readings, { backlog }: Wanted): Finding =>
  finding(value, (limit) => limit >= backlog, String, {
    name: 'net.core.somaxconn',
    wanted: `${backlog} or more`,
    why: 'visitors who come in one moment are dropped by the kernel, and try again a second later',
    command: sysctl('net.core.somaxconn', backlog),
  });

const synBacklog = ({ synBacklog: value, synCookies }: Readings): Finding =>
  finding(value, (limit) => limit >= LEAST_SYN_BACKLOG || (synCookies ?? 0) > 0, String, {
    name: 'net.ipv4.tcp_max_syn_backlog',
    wanted: `${LEAST_SYN_BACKLOG} or more, or tcp_syncookies=1`,
    why: 'new connections are lost while they are being opened',
    command: sysctl('net.ipv4.tcp_max_syn_backlog', 4_096),
  });

const quota = ({ quotaCores, cores }: Readings, { workersMax }: Wanted): Finding =>
  finding(
    quotaCores ?? cores,
    (value) => value >= workersMax,
    (value) => `${value} core(s)`,
    {
      name: 'CPU quota',
      wanted: `${workersMax} core(s), as many as workers`,
      why: 'workers are stopped for the rest of each tenth of a second when the quota is used up',
      command: `CPUQuota=${workersMax * 100}% in the systemd unit, --cpus=${workersMax} of docker, or TAHAN_WORKERS_MAX=${Math.max(1, Math.floor(quotaCores ?? cores))}`,
    },
  );

const memory = ({ memoryAvailableMb }: Readings, { workersMax }: Wanted): Finding => {
  const wanted = workersMax * WORKER_MB + BESIDE_MB;
  return finding(
    memoryAvailableMb,
    (value) => value >= wanted,
    (value) => `${Math.round(value)} MiB free`,
    {
      name: 'memory',
      wanted: `${wanted} MiB for ${workersMax} worker(s)`,
      why: 'the kernel ends processes when memory is out, the largest first',
      command: 'fewer workers (TAHAN_WORKERS_MAX), a smaller cache (TAHAN_CACHE_BYTES), or more memory',
    },
  );
};

const swap = ({ swapUsedMb }: Readings): Finding =>
  finding(
    swapUsedMb,
    (value) => value <= SOME_SWAP_MB,
    (value) => `${Math.round(value)} MiB in use`,
    {
      name: 'swap',
      wanted: `${SOME_SWAP_MB} MiB in use at most`,
      why: 'a page of memory that comes from the disk stops a worker for milliseconds, in the middle of a request',
      command: 'sysctl -w vm.swappiness=10, then swapoff -a && swapon -a in a quiet hour',
    },
  );

const fsync = ({ fsyncMs, dataDir }: Readings): Finding =>
  finding(
    fsyncMs,
    (value) => value <= SLOW_FSYNC_MS,
    (value) => `${value.toFixed(1)} ms`,
    {
      name: 'fsync in the data folder',
      wanted: `${SLOW_FSYNC_MS} ms or less`,
      why: 'each form that is sent waits for one, and all wait in one row',
      command: `a local disk for TAHAN_DATA_DIR (now ${dataDir}); not a network share`,
    },
  );

const disk = ({ diskFreeMb }: Readings, { storeBytes }: Wanted): Finding => {
  const wanted = LEAST_DISK_MB + Math.ceil(storeBytes / 1_048_576);
  return finding(
    diskFreeMb,
    (value) => value >= wanted,
    (value) => `${Math.round(value)} MiB free`,
    {
      name: 'room on the disk',
      wanted: `${wanted} MiB`,
      why: 'on a full disk pages are served on, but nothing is written',
      command: 'make room, or lower TAHAN_STORE_BYTES',
    },
  );
};

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const steal = ({ stealShare }: Readings): Finding =>
  finding(stealShare, (value) => value <= MUCH_STEAL, percent, {
    name: 'stolen CPU time',
    wanted: `${percent(MUCH_STEAL)} or less`,
    why: 'the host gives the cores to other guests when they are needed most',
    command: 'a plan with dedicated cores, or with credits left',
  });

const neighbours = ({ busyShare }: Readings): Finding =>
  finding(busyShare, (value) => value <= BUSY_NEIGHBOURS, percent, {
    name: 'CPU in use now',
    wanted: `${percent(BUSY_NEIGHBOURS)} or less before a surge`,
    why: 'what else runs here takes the cores of the workers',
    command: 'ps aux --sort=-%cpu | head; move backups and jobs to a quiet hour, at nice 19',
  });

const clock = ({ clockSource }: Readings): Finding =>
  finding(
    clockSource,
    (value) => QUICK_CLOCKS.includes(value),
    (value) => value,
    {
      name: 'clock source',
      wanted: QUICK_CLOCKS.slice(0, 3).join(', '),
      why: 'each look at the clock is a system call, and a server looks often',
      command:
        'cat /sys/devices/system/clocksource/clocksource0/available_clocksource, and echo tsc into current_clocksource beside it',
    },
  );
