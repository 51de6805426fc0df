import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { usableCores } from './engine/host/quota.ts';
import { isLoopbackAddress, isLoopbackHost } from './engine/host-name.ts';
import { type CronError, readCron } from './engine/stress/cron.ts';
import { stressProgram } from './engine/stress/program.ts';

/** One setting: its environment variable, how it is read, and the line that explains it. */
export interface Setting<T = unknown> {
  env: string;
  /** Reads the trimmed text of the variable. */
  schema: z.ZodType<T, string>;
  /** What is allowed, in words: printed with a mistake, in `--help` and in the README. */
  allowed: string;
  /** The value when the variable is absent or empty, as text; undefined: computed or none. */
  default: string | undefined;
  /** The default in words where it is computed. */
  defaultText?: string;
  text: string;
  group: string;
  secret?: boolean;
}

type Common = { group: string; text: string; defaultText?: string; secret?: boolean };

const whole = (
  env: string,
  min: number,
  max: number,
  standard: number | undefined,
  unit: string,
  common: Common,
): Setting<number> => ({
  env,
  schema: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max)),
  allowed: `a whole number from ${min} to ${max}${unit ? ` (${unit})` : ''}`,
  default: standard === undefined ? undefined : String(standard),
  ...common,
});

const decimal = (
  env: string,
  min: number,
  max: number,
  standard: number,
  unit: string,
  common: Common,
): Setting<number> => ({
  env,
  schema: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,6})?$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max)),
  allowed: `a number from ${min} to ${max}${unit ? ` (${unit})` : ''}`,
  default: String(standard),
  ...common,
});

const choice = <const V extends string>(
  env: string,
  values: readonly V[],
  standard: V,
  common: Common,
): Setting<V> => ({
  env,
  schema: z.enum(values as readonly [V, ...V[]]) as unknown as z.ZodType<V, string>,
  allowed: values.join(', '),
  default: standard,
  ...common,
});

const flag = (env: string, standard: boolean, common: Common): Setting<boolean> => ({
  env,
  schema: z
    .enum(['0', '1', 'true', 'false'])
    .transform((value) => value === '1' || value === 'true') as unknown as z.ZodType<boolean, string>,
  allowed: '0 or 1',
  default: standard ? '1' : '0',
  ...common,
});

/** The same without a default: it is computed. */
const unset = <T>(setting: Setting<T>): Setting<T> => ({ ...setting, default: undefined });

const words = (
  env: string,
  pattern: RegExp,
  allowed: string,
  standard: string | undefined,
  common: Common,
): Setting<string> => ({
  env,
  schema: z.string().regex(pattern),
  allowed,
  default: standard,
  ...common,
});

const list = (env: string, item: (value: string) => boolean, allowed: string, common: Common): Setting<string[]> => ({
  env,
  schema: z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .refine((parts) => parts.length <= 64 && parts.every(item)) as unknown as z.ZodType<string[], string>,
  allowed,
  default: '',
  defaultText: 'none',
  ...common,
});

const isAddressRange = (value: string): boolean => {
  const [address = '', bits, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
};

/** A host to bind: an IP address, or a name of letters, digits, dots and dashes. */
const HOST = /^(?=.{1,253}$)[0-9A-Za-z:.-]+$/;

/**
 * Every setting of Tahan, once. The key is the name in code, `env` the name outside.
 * `npm start -- --help` prints this table, and `npm run settings` writes it into the README.
 */
export const SETTINGS = {
  port: whole('PORT', 0, 65535, 3000, 'TCP port; 0 picks a free one', { group: 'Listen', text: 'Port of the site.' }),
  host: words('HOST', HOST, 'an IP address or a host name', '0.0.0.0', {
    group: 'Listen',
    text: 'Address the site listens on.',
  }),
  adminHost: words('TAHAN_ADMIN_HOST', HOST, 'an IP address or a host name', '127.0.0.1', {
    group: 'Listen',
    text: 'Address of the admin port (health, metrics). Keep it on loopback unless a firewall guards it.',
  }),
  adminPort: whole('TAHAN_ADMIN_PORT', 0, 65535, 9464, 'TCP port; 0 picks a free one', {
    group: 'Listen',
    text: 'Port of the admin server.',
  }),
  adminToken: words('TAHAN_ADMIN_TOKEN', /^[\x21-\x7e]{16,256}$/, '16 to 256 visible ASCII characters', '', {
    group: 'Listen',
    text: 'What an operator signs in with at /ops. Needed where TAHAN_ADMIN_HOST is not loopback: there reading needs it, too.',
    defaultText: 'made once in the data folder (admin.token, mode 0600)',
    secret: true,
  }),
  backlog: whole('TAHAN_BACKLOG', 16, 65535, 4096, 'connections', {
    group: 'Listen',
    text: 'Connections that the kernel holds for us; the kernel caps it at net.core.somaxconn.',
  }),
  workersMin: whole('TAHAN_WORKERS_MIN', 1, 256, 1, 'processes', {
    group: 'Fleet',
    text: 'Fewest workers that serve.',
  }),
  workersMax: whole('TAHAN_WORKERS_MAX', 1, 256, undefined, 'processes', {
    group: 'Fleet',
    text: 'Most workers that serve; more than the usable cores never helps.',
    defaultText: 'usable cores',
  }),
  spare: whole('TAHAN_SPARE', 0, 1, undefined, 'processes', {
    group: 'Fleet',
    text: 'Warm workers kept ready beside the serving ones.',
    defaultText: '1 when MAX > MIN',
  }),
  drainMs: whole('TAHAN_DRAIN_MS', 100, 300_000, 10_000, 'ms', {
    group: 'Fleet',
    text: 'Longest time a leaving worker finishes its requests.',
  }),
  drainIdleMs: whole('TAHAN_DRAIN_IDLE_MS', 0, 300_000, 5_000, 'ms', {
    group: 'Fleet',
    text: 'How long a leaving worker keeps idle connections, so that a request on its way over one is not lost.',
  }),
  startMs: whole('TAHAN_START_MS', 1_000, 600_000, 60_000, 'ms', {
    group: 'Fleet',
    text: 'Longest time for a worker to get ready; then it is ended and counts as died at its start.',
  }),
  prepareMs: whole('TAHAN_PREPARE_MS', 1_000, 3_600_000, 60_000, 'ms', {
    group: 'Fleet',
    text: 'Longest time for prepareSite (migrations) during a reload; over it the reload is rolled back. The first start waits as long as it takes, and says so.',
  }),
  stuckMs: whole('TAHAN_STUCK_MS', 1_000, 600_000, 10_000, 'ms', {
    group: 'Fleet',
    text: 'A worker that gives no sign of life for so long is ended, and another takes its place.',
  }),
  silentMs: whole('TAHAN_SILENT_MS', 200, 60_000, 400, 'ms', {
    group: 'Fleet',
    text: 'Least time without a sign of life after which a worker counts as blocked. A worker whose requests take long gets 12 times their usual CPU time, at most 1,500 ms. While every worker is blocked, the lifeboat answers.',
  }),
  workerNice: whole('TAHAN_WORKER_NICE', 0, 19, 5, 'nice level', {
    group: 'Fleet',
    text: 'Niceness of the workers, so that the primary and the lifeboat always get their turn.',
  }),
  dataDir: words('TAHAN_DATA_DIR', /^[^\0]{1,4096}$/, 'a folder that can be written', './data', {
    group: 'Site',
    text: 'Folder of the databases, the page store and the session secret.',
  }),
  site: words('TAHAN_SITE', /^[^\0]{1,4096}$/, 'a path to a module that exports createSite', '', {
    group: 'Site',
    text: 'The module that is served.',
    defaultText: 'the built-in site',
  }),
  siteName: words('TAHAN_SITE_NAME', /^[^\0\r\n]{1,60}$/, '1 to 60 characters', 'Tahan', {
    group: 'Site',
    text: 'Name shown on the pages.',
  }),
  publicUrl: words('TAHAN_PUBLIC_URL', /^https?:\/\/[^\s/?#]+$/, 'an origin such as https://example.org', '', {
    group: 'Site',
    text: 'Origin used in feeds and the sitemap; https also makes cookies Secure.',
    defaultText: 'http://localhost:PORT',
  }),
  hosts: list('TAHAN_HOSTS', (value) => HOST.test(value), 'up to 64 host names, comma-separated', {
    group: 'Site',
    text: 'Hosts with pages of their own; any other Host header gets the default pages.',
  }),
  sessionSecret: words('TAHAN_SESSION_SECRET', /^.{32,512}$/, '32 to 512 characters', '', {
    group: 'Site',
    text: 'Signs session cookies.',
    defaultText: 'made once in the data folder (mode 0600)',
    secret: true,
  }),
  trustedProxies: list(
    'TAHAN_TRUSTED_PROXIES',
    isAddressRange,
    'up to 64 IP addresses or CIDR ranges, comma-separated',
    {
      group: 'Site',
      text: 'Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.',
    },
  ),
  metricsToken: words('TAHAN_METRICS_TOKEN', /^[\x21-\x7e]{16,256}$/, '16 to 256 visible ASCII characters', '', {
    group: 'Site',
    text: 'Bearer token that opens /metrics on the public port to others than loopback.',
    defaultText: 'none',
    secret: true,
  }),
  sample: flag('TAHAN_SAMPLE', true, {
    group: 'Site',
    text: 'Whether the built-in site begins with sample content; 0: it begins empty. Of the first start only.',
  }),
  lab: flag('TAHAN_LAB', false, {
    group: 'Site',
    text: 'Serve the /lab routes that make load and faults. Never in production.',
  }),
  offline: unset(
    flag('TAHAN_OFFLINE', false, {
      group: 'Site',
      text: 'Whether pages that load /tahan/client.js keep the public pages seen last readable in the browser while the server is away (a service worker). 0 also takes it away from browsers that have it.',
      defaultText: '1 for the built-in site, else 0',
    }),
  ),
  envFile: words('TAHAN_ENV_FILE', /^[^\0]{1,4096}$/, 'a file of NAME=value lines', '', {
    group: 'Site',
    text: 'Settings file; the environment wins over it. Read again at a reload.',
    defaultText: '.env where there is one',
  }),
  logLevel: choice('LOG_LEVEL', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info', {
    group: 'Site',
    text: 'Least severe line that is logged.',
  }),
  logBytes: whole('TAHAN_LOG_BYTES', 0, 268_435_456, 4_194_304, 'bytes', {
    group: 'Site',
    text: 'Size of the log kept in the data folder for npm run logs (tahan.log, and as much of before in tahan.log.1); 0: none. What goes to stdout and stderr is the same.',
  }),
  bodyLimit: whole('TAHAN_BODY_LIMIT', 1024, 104_857_600, 65_536, 'bytes', {
    group: 'Requests',
    text: 'Largest request body where the route does not say; a larger one gets 413.',
  }),
  headerTimeoutMs: whole('TAHAN_HEADER_TIMEOUT_MS', 100, 600_000, 10_000, 'ms', {
    group: 'Requests',
    text: 'Longest time for a request head to arrive.',
  }),
  requestTimeoutMs: whole('TAHAN_REQUEST_TIMEOUT_MS', 100, 600_000, 30_000, 'ms', {
    group: 'Requests',
    text: 'Longest time for a whole request to arrive; a body must also come at 500 bytes a second after 10 s.',
  }),
  keepAliveMs: whole('TAHAN_KEEP_ALIVE_MS', 100, 600_000, 65_000, 'ms', {
    group: 'Requests',
    text: 'How long a client may count on an idle connection; it is closed a second later.',
  }),
  maxConnections: whole('TAHAN_MAX_CONNECTIONS', 16, 1_000_000, 20_000, 'connections', {
    group: 'Requests',
    text: 'Open connections per worker; fewer where the limit of open files (ulimit -n, LimitNOFILE) does not leave a sixteenth of it, at least 128, for other files.',
  }),
  deadlineMs: whole('TAHAN_DEADLINE_MS', 50, 600_000, 2_000, 'ms', {
    group: 'Requests',
    text: 'Time a page may take, up to four times as much where pages cost over 50 ms; then the visitor gets the last good page or the waiting page.',
  }),
  dryRun: flag('TAHAN_DRY_RUN', false, {
    group: 'Requests',
    text: 'Count what the gate would refuse, and refuse nothing.',
  }),
  gateCriticalMs: whole('TAHAN_GATE_CRITICAL_MS', 1, 60_000, 200, 'ms', {
    group: 'Requests',
    text: 'Least bound of the work that may be queued before a critical request; it grows with the size of the work in hand.',
  }),
  gateNormalMs: whole('TAHAN_GATE_NORMAL_MS', 1, 60_000, 100, 'ms', {
    group: 'Requests',
    text: 'Least bound of the work that may be queued before a normal request; it grows with the size of the work in hand.',
  }),
  gateLowMs: whole('TAHAN_GATE_LOW_MS', 1, 60_000, 50, 'ms', {
    group: 'Requests',
    text: 'Least bound of the work that may be queued before a low request; it grows with the size of the work in hand.',
  }),
  gateBackgroundMs: whole('TAHAN_GATE_BACKGROUND_MS', 1, 60_000, 20, 'ms', {
    group: 'Requests',
    text: 'Least bound of the work that may be queued before a background request; it grows with the size of the work in hand.',
  }),
  asyncLimit: whole('TAHAN_ASYNC_LIMIT', 1, 10_000, 256, 'requests', {
    group: 'Requests',
    text: 'Most requests per worker that wait for the pool or an upstream at once.',
  }),
  maxStreams: whole('TAHAN_MAX_STREAMS', 1, 1_000_000, 10_000, 'answers', {
    group: 'Requests',
    text: 'Most answers per worker that stream at once (server-sent events, long polls, downloads); one more is refused.',
  }),
  room: choice('TAHAN_ROOM', ['auto', 'off', 'on'], 'off', {
    group: 'Requests',
    text: 'Waiting room: auto keeps a line when people find no room for over a second, on from the first who finds none, off never.',
  }),
  roomMaxRate: whole('TAHAN_ROOM_MAX_RATE', 1, 100_000, 1_000, 'visitors a second', {
    group: 'Requests',
    text: 'Most visitors that are called from the line in a second; how many there is room for is measured.',
  }),
  roomPage: words('TAHAN_ROOM_PAGE', /^[^\0]{1,4096}$/, 'a path to a template', './views/waiting.eta', {
    group: 'Requests',
    text: 'Template of the page of those who wait; the standard page where there is no such file.',
  }),
  poolQueue: whole('TAHAN_POOL_QUEUE', 1, 100_000, 256, 'tasks', {
    group: 'Pool',
    text: 'Most tasks that wait for a thread, per worker.',
  }),
  poolDeadlineMs: whole('TAHAN_POOL_DEADLINE_MS', 10, 600_000, 5_000, 'ms', {
    group: 'Pool',
    text: 'Time a task may take, waiting included; then it is aborted.',
  }),
  poolMemoryMb: whole('TAHAN_POOL_MEMORY_MB', 16, 65_536, 256, 'MiB', {
    group: 'Pool',
    text: 'Heap of one pool thread; a task over it fails alone.',
  }),
  cacheBytes: whole('TAHAN_CACHE_BYTES', 65_536, 68_719_476_736, 67_108_864, 'bytes', {
    group: 'Page cache',
    text: 'Memory of the page cache, per worker.',
  }),
  cacheEntryBytes: whole('TAHAN_CACHE_ENTRY_BYTES', 1024, 104_857_600, 1_048_576, 'bytes', {
    group: 'Page cache',
    text: 'Largest page that is cached.',
  }),
  storeBytes: whole('TAHAN_STORE_BYTES', 1_048_576, 1_099_511_627_776, 268_435_456, 'bytes', {
    group: 'Page cache',
    text: 'Size of the page store on disk.',
  }),
  sieMs: whole('TAHAN_SIE_MS', 0, 31_536_000_000, 86_400_000, 'ms', {
    group: 'Page cache',
    text: 'How old a last good page may be when it is served in need (stale-if-error), where the route does not say.',
  }),
  lastGoodAfterMs: whole('TAHAN_LAST_GOOD_AFTER_MS', 0, 600_000, 300, 'ms', {
    group: 'Page cache',
    text: 'How long a visitor waits for a page to be rendered where there is a last good copy; then the copy is served.',
  }),
  statusPage: flag('TAHAN_STATUS', false, {
    group: 'Site',
    text: 'Serve a public page at /status that says in plain words how the site is, and since when; the lifeboat serves it, too.',
  }),
  monitor: flag('TAHAN_MONITOR', true, {
    group: 'Monitor',
    text: 'Run the process that keeps the history, judges alerts and serves /ops.',
  }),
  historySecondsMin: whole('TAHAN_HISTORY_SECONDS_MIN', 10, 1_440, 60, 'minutes', {
    group: 'Monitor',
    text: 'How long the history keeps one point a second.',
  }),
  historyMinutesDays: whole('TAHAN_HISTORY_MINUTES_DAYS', 1, 365, 30, 'days', {
    group: 'Monitor',
    text: 'How long the history keeps one point a minute.',
  }),
  historyHoursDays: whole('TAHAN_HISTORY_HOURS_DAYS', 1, 3_650, 730, 'days', {
    group: 'Monitor',
    text: 'How long the history keeps one point an hour.',
  }),
  historyMb: whole('TAHAN_HISTORY_MB', 16, 65_536, 256, 'MiB', {
    group: 'Monitor',
    text: 'Most that history and traffic take on the disk (traffic.db); over it the oldest goes first.',
  }),
  backup: choice('TAHAN_BACKUP', ['off', 'daily'], 'off', {
    group: 'Monitor',
    text: 'Copy site.db once a day into backups/ of the data folder, and keep seven copies. Needs TAHAN_MONITOR=1.',
  }),
  incidentProfile: flag('TAHAN_INCIDENT_PROFILE', false, {
    group: 'Monitor',
    text: 'When an incident begins, take a CPU profile of the busiest worker for 10 s, and keep it beside the report. It costs that worker a few per cent meanwhile. Needs TAHAN_MONITOR=1.',
  }),
  stressSchedule: words(
    'TAHAN_STRESS_SCHEDULE',
    /^[^\0\r\n]{1,200}$/,
    "five fields of cron, then a time zone if it is not the server's own, such as 30 4 * * * Asia/Jakarta",
    '',
    {
      group: 'Monitor',
      text: 'When a short stress test runs beside the server, at the lowest priority and on a server of its own; skipped when visitors need the machine. Needs TAHAN_MONITOR=1 and the repository; with an installed package there is tahan stress, by hand.',
      defaultText: 'never',
    },
  ),
  alerts: words('TAHAN_ALERTS', /^[^\0]{1,4096}$/, 'a JSON file', '', {
    group: 'Monitor',
    text: 'Thresholds of the alerts, by rule. Read again at a reload.',
    defaultText: 'as in docs/alerts.md',
  }),
  alertWebhook: words(
    'TAHAN_ALERT_WEBHOOK',
    /^((json|slack|discord|telegram|ntfy|alertmanager)\+)?https?:\/\/\S+( +((json|slack|discord|telegram|ntfy|alertmanager)\+)?https?:\/\/\S+){0,3}$/,
    'up to 4 URLs with spaces between, each as it is (JSON) or after slack+, discord+, telegram+, ntfy+ or alertmanager+',
    '',
    {
      group: 'Monitor',
      text: 'Where alerts are posted to.',
      defaultText: 'none',
      secret: true,
    },
  ),
  alertEmail: list('TAHAN_ALERT_EMAIL', (value) => /^[^\s@<>]+@[^\s@<>]+$/.test(value), 'addresses, comma-separated', {
    group: 'Monitor',
    text: 'Who gets alerts by mail; needs TAHAN_SMTP_URL.',
  }),
  smtpUrl: words('TAHAN_SMTP_URL', /^smtps?:\/\/\S+$/, 'a URL such as smtps://user:password@mail.example', '', {
    group: 'Monitor',
    text: 'The mail server that takes them.',
    defaultText: 'none',
    secret: true,
  }),
  scaler: choice('TAHAN_SCALER', ['off', 'observe', 'on'], 'on', {
    group: 'Scaling',
    text: 'Whether the fleet scales itself; off holds TAHAN_WORKERS_MAX, observe too, and says what it would do.',
  }),
  lagUpMs: decimal('TAHAN_LAG_UP_MS', 1, 10_000, 40, 'ms', {
    group: 'Scaling',
    text: 'Event-loop lag (p99) over which a worker counts as busy.',
  }),
  eluUp: decimal('TAHAN_ELU_UP', 0.1, 1, 0.8, 'share of time', {
    group: 'Scaling',
    text: 'Event-loop utilisation over which a worker counts as busy.',
  }),
  scaleCalmMs: whole('TAHAN_SCALE_CALM_MS', 1_000, 86_400_000, 60_000, 'ms', {
    group: 'Scaling',
    text: 'How long the load must have fitted one worker less before the fleet shrinks.',
  }),
  rssSoftMb: whole('TAHAN_RSS_SOFT_MB', 0, 1_048_576, undefined, 'MiB', {
    group: 'Scaling',
    text: 'A worker over it is replaced gently; 0: no limit.',
    defaultText: '3/4 of TAHAN_RSS_HARD_MB',
  }),
  rssHardMb: whole('TAHAN_RSS_HARD_MB', 0, 1_048_576, undefined, 'MiB', {
    group: 'Scaling',
    text: 'A worker over it is ended at once; 0: no limit. An idle worker of the built-in site has some 150.',
    defaultText: 'its share of the memory, at least 1024 or half of it',
  }),
} satisfies Record<string, Setting>;

type Read = { [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never };

/** The settings as the code sees them: every default filled in, folders absolute. */
export interface Config extends Read {
  /** Cores that may be used: affinity and cgroup quota, at least 1. */
  cores: number;
  version: string;
}

/** Settings that cannot be used; `problems` has one line per mistake. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** A worker has 150 to 200 before anybody came: a limit near that would end every one of them, MiB. */
const LEAST_RSS_MB = 256;

const shown = (setting: Setting, value: string): string => (setting.secret ? '(hidden)' : JSON.stringify(value));

/**
 * Reads the settings from an environment.
 * @throws {ConfigError} naming every wrong setting, its value and what is allowed
 */
export function readConfig(env: NodeJS.ProcessEnv, cores = usableCores()): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(SETTINGS) as [string, Setting][]) {
    const given = env[setting.env]?.trim();
    const text = given || setting.default;
    if (text === undefined || (text === '' && !Array.isArray(setting.schema.safeParse('').data))) {
      values[key] = text;
      continue;
    }
    const result = setting.schema.safeParse(text);
    if (result.success) values[key] = result.data;
    else problems.push(`${setting.env}=${shown(setting, text)}: must be ${setting.allowed}`);
  }
  const known = new Set(Object.values(SETTINGS).map((setting) => setting.env));
  for (const name of Object.keys(env)) {
    if (name.startsWith('TAHAN_') && !name.startsWith('TAHAN_INTERNAL_') && !known.has(name)) {
      problems.push(`${name}=${JSON.stringify(env[name])}: no such setting; npm start -- --help lists them`);
    }
  }
  const config = values as unknown as Config;
  config.cores = cores;
  config.version = VERSION;
  config.workersMax ??= Math.max(config.workersMin ?? 1, Math.max(1, Math.floor(cores)));
  config.offline ??= config.site === '' && env.TAHAN_INTERNAL_ENTRY === undefined;
  config.spare ??= config.workersMax > config.workersMin ? 1 : 0;
  if (config.workersMin > config.workersMax) {
    problems.push(`TAHAN_WORKERS_MIN="${config.workersMin}": must be at most TAHAN_WORKERS_MAX (${config.workersMax})`);
  }
  for (const [name, given] of [
    ['TAHAN_RSS_SOFT_MB', config.rssSoftMb],
    ['TAHAN_RSS_HARD_MB', config.rssHardMb],
  ] as const) {
    if (given !== undefined && given > 0 && given < LEAST_RSS_MB)
      problems.push(`${name}="${given}": must be 0 or at least ${LEAST_RSS_MB}, as an idle worker needs up to 200`);
  }
  if (config.rssHardMb && config.rssSoftMb && config.rssSoftMb > config.rssHardMb) {
    problems.push(`TAHAN_RSS_SOFT_MB="${config.rssSoftMb}": must be at most TAHAN_RSS_HARD_MB (${config.rssHardMb})`);
  }
  if (config.alertEmail?.length > 0 && !config.smtpUrl)
    problems.push('TAHAN_ALERT_EMAIL: needs TAHAN_SMTP_URL, the mail server that takes the mails');
  if (config.stressSchedule) problems.push(...scheduleProblems(config));
  if (config.port !== 0 && config.port === config.adminPort) {
    problems.push(`TAHAN_ADMIN_PORT="${config.adminPort}": must differ from PORT`);
  }
  if (config.monitor && config.adminToken === '' && !isOwnMachine(config.adminHost)) {
    problems.push(
      `TAHAN_ADMIN_HOST="${config.adminHost}": is not loopback, so TAHAN_ADMIN_TOKEN must be set (or TAHAN_MONITOR=0, which takes /ops away)`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  config.dataDir = resolve(config.dataDir);
  return config;
}

function scheduleProblems({ stressSchedule, monitor }: Config): string[] {
  const problem = (text: string): string => `TAHAN_STRESS_SCHEDULE=${JSON.stringify(stressSchedule)}: ${text}`;
  const problems: string[] = [];
  if (!monitor) problems.push(problem('needs TAHAN_MONITOR=1, the process that starts the runs'));
  if (stressProgram() === undefined)
    problems.push(
      problem('works in the repository of Tahan only; with an installed package there is tahan stress, by hand'),
    );
  try {
    readCron(stressSchedule);
  } catch (error) {
    problems.push(problem(`must be ${SETTINGS.stressSchedule.allowed}: ${(error as CronError).reason}`));
  }
  return problems;
}

/** Whether only programs of this machine reach what listens there. */
export const isOwnMachine = (host: string): boolean => isLoopbackHost(host) || isLoopbackAddress(host);

/** The addresses of trusted proxies, ready to check. */
export function trustedProxyList(ranges: readonly string[]): BlockList {
  const trusted = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  return trusted;
}

const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;

/** The settings as rows for `--help` and the README. */
export function settingRows(): { group: string; env: string; standard: string; allowed: string; text: string }[] {
  return (Object.values(SETTINGS) as Setting[]).map(
    ({ group, env, default: standard, defaultText, allowed, text }) => ({
      group,
      env,
      standard: defaultText ?? standard ?? '',
      allowed,
      text,
    }),
  );
}
