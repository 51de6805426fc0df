import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const NODE = join(ROOT, 'node_modules/.bin/node');
export const MAIN = join(ROOT, 'src/main.ts');
/** The command `tahan`. */
export const TAHAN = join(ROOT, 'src/engine/bin/tahan.ts');

/**
 * The environment of what a test starts. All share the compile cache: with a data folder of its own, each server would
 * compile the same code anew, which is a third of what its start costs.
 */
export const TEST_ENV = {
  PATH: process.env.PATH ?? '',
  NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/tahan-tests/compile-cache'),
};

/** The path of a site for tests. */
export const siteFile = (name: string): string => fileURLToPath(new URL(`./sites/${name}.ts`, import.meta.url));

export interface FleetView {
  pid: number;
  mode: string;
  why: string;
  lifeboat: { pid: number | undefined; active: boolean };
  scaler: {
    state: string;
    target: number;
    decisions: { action: string; cause: string; target: number; reason: string; times: number }[];
  };
  reload?: { number: number; state: string; reasons: string[]; ms?: number };
  crashLoop: boolean;
  workers: {
    name: string;
    pid: number;
    state: string;
    up: boolean;
    beat?: { connections: number; inFlight: number; arrived: number; resting: boolean };
  }[];
}

export interface TestServer {
  port: number;
  adminPort: number;
  dataDir: string;
  process: ChildProcess;
  /** All that it wrote so far. */
  output: () => string;
  get: (path: string, options?: GetOptions) => Promise<Answer>;
  fleet: () => Promise<FleetView>;
  metrics: () => Promise<string>;
  /** SIGTERM, and the exit code. */
  stop: () => Promise<number | null>;
}

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
  ms: number;
}

export interface GetOptions {
  port?: number;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  agent?: http.Agent;
  timeoutMs?: number;
}

/** One request on a connection of its own, unless an agent is given. */
export function request(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body, agent, timeoutMs = 15_000 }: GetOptions = {},
): Promise<Answer> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const sent = http.request(
      { host: '127.0.0.1', port, path, method, headers, agent: agent ?? false, timeout: timeoutMs },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
            ms: performance.now() - began,
          }),
        );
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Asks as a patient visitor does: again, when a server on a busy machine says that it has no room. */
export async function patiently(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask();
    if (answer.status !== 503 || tries === 10) return answer;
    await new Promise((resolve) => setTimeout(resolve, 1_000 * Number(answer.headers['retry-after'] ?? 1)));
  }
}

/** Waits until a condition holds; fails after `withinMs` with what was last seen. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean,
  withinMs = 40_000,
): Promise<T> {
  const until = Date.now() + withinMs;
  let seen: T | undefined;
  let problem: unknown;
  for (;;) {
    try {
      seen = await look();
      if (holds(seen)) return seen;
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    if (Date.now() > until)
      throw new Error(
        `not within ${withinMs} ms; last seen: ${problem === undefined ? JSON.stringify(seen) : String(problem)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until it has written this. */
export const logged = (server: TestServer, text: RegExp): Promise<string> =>
  eventually(server.output, (output) => text.test(output));

const started = new Set<TestServer>();
const timers = new Set<NodeJS.Timeout>();
const agents = new Set<http.Agent>();

/** Ends what a failed test left behind. */
export async function stopAll(): Promise<void> {
  for (const timer of timers) clearInterval(timer);
  timers.clear();
  for (const agent of agents) agent.destroy();
  agents.clear();
  for (const server of [...started]) await server.stop();
}

/** An agent that keeps so many connections; `stopAll` ends it. */
export function keepAlive(maxSockets: number): http.Agent {
  const agent = new http.Agent({ keepAlive: true, maxSockets });
  agents.add(agent);
  return agent;
}

export interface SpawnOptions {
  /** No file of the server may grow over so many blocks of 512 bytes (a quota of the kernel, as a full disk). */
  maxFileBlocks?: number;
  /** Each of its processes may open so many files. */
  openFiles?: number;
  /** Another binary, program or folder than usual. */
  node?: string;
  /** What node runs, with its arguments. */
  command?: readonly string[];
  cwd?: string;
  /** It compiles all of its code anew, and keeps it in its data folder, as at the first start of a user. */
  firstStart?: boolean;
}

/** Spawns the real server; the output is collected, nothing is waited for. */
export function spawnServer(
  env: Record<string, string>,
  { maxFileBlocks, openFiles, node = NODE, command = [MAIN], cwd = tmpdir(), firstStart = false }: SpawnOptions = {},
): {
  process: ChildProcess;
  output: () => string;
  exited: Promise<number | null>;
} {
  const bounds = [
    ...(maxFileBlocks === undefined ? [] : [`ulimit -f ${maxFileBlocks}; `]),
    ...(openFiles === undefined ? [] : [`ulimit -n ${openFiles}; `]),
  ].join('');
  const [file, args] =
    bounds === '' ? [node, [...command]] : ['/bin/sh', ['-c', `${bounds}exec "$0" "$@"`, node, ...command]];
  const child = spawn(file, args, {
    cwd,
    env: { ...(firstStart ? { PATH: TEST_ENV.PATH } : TEST_ENV), LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-200_000);
    });
  }
  return {
    process: child,
    output: () => output,
    exited: new Promise((resolve) => child.once('exit', (code) => resolve(code))),
  };
}

/**
 * Starts a server on free ports with a data folder of its own, and waits until it serves. Without the monitor, whose start costs as
 * much as a worker's: the tests of what it does ask for it.
 */
export async function startServer(
  env: Record<string, string> = {},
  given: SpawnOptions & { dataDir?: string } = {},
): Promise<TestServer> {
  const dataDir = given.dataDir ?? mkdtempSync(join(tmpdir(), 'tahan-test-'));
  const {
    process: child,
    output,
    exited,
  } = spawnServer(
    { PORT: '0', TAHAN_ADMIN_PORT: '0', HOST: '127.0.0.1', TAHAN_DATA_DIR: dataDir, TAHAN_MONITOR: '0', ...env },
    given,
  );
  const line = await eventually(
    () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${output()}`);
      return /Tahan serves (?:\S+ at )?http:\/\/[^ ]+?:(\d+)[\s\S]*?http:\/\/[^ ]+?:(\d+)/.exec(output());
    },
    (found) => found !== null,
    60_000,
  ).catch((error: Error) => {
    // Nobody has it to stop it: it would go on trying.
    child.kill('SIGTERM');
    throw new Error(`${error.message}; it wrote: ${output().slice(-4_000)}`);
  });
  const port = Number(line?.[1]);
  const adminPort = Number(line?.[2]);
  const server: TestServer = {
    port,
    adminPort,
    dataDir,
    process: child,
    output,
    get: (path, options) => request(options?.port ?? port, path, options),
    fleet: async () => JSON.parse((await request(adminPort, '/fleet')).body) as FleetView,
    metrics: async () => (await request(adminPort, '/metrics')).body,
    async stop() {
      started.delete(server);
      if (!child.killed) child.kill('SIGTERM');
      const code = await exited;
      if (given.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
      return code;
    },
  };
  started.add(server);
  return server;
}

/** New connections to a path at a steady rate, until told to stop; an error counts as a failed visit. */
export function visit(
  server: TestServer,
  path: string,
  everyMs = 10,
  options: GetOptions = {},
): { answers: readonly Answer[]; begun: () => number; stop: () => Promise<(Answer | Error)[]> } {
  const visits: Promise<Answer | Error>[] = [];
  const answers: Answer[] = [];
  const ask = async (): Promise<Answer> => {
    const answer = await server.get(path, options);
    answers.push(answer);
    return answer;
  };
  const timer = setInterval(() => {
    if (visits.length < 10_000) visits.push(ask().catch((error: Error) => error));
  }, everyMs);
  timers.add(timer);
  return {
    answers,
    begun: () => visits.length,
    stop() {
      clearInterval(timer);
      return Promise.all(visits);
    },
  };
}

/** What was not answered with 200. */
export const failed = (visits: readonly (Answer | Error)[]): unknown[] =>
  visits.filter((one) => isError(one) || one.status !== 200).map((one) => (isError(one) ? one.message : one.status));

/** An error of node:http is none of the realm in which jest runs a test: `instanceof` does not know it. */
const isError = (one: Answer | Error): one is Error => !('status' in one);

/** What was not answered with 200, but for connections that were cut: no one can take over what a killed worker has in hand. */
export const refused = (visits: readonly (Answer | Error)[]): unknown[] =>
  failed(visits).filter((what) => !/socket hang up|ECONNRESET/.test(String(what)));

/** What was neither answered with 200 nor asked to come again: a machine that is busy with other tests may make that needful. */
export const lost = (visits: readonly (Answer | Error)[]): unknown[] =>
  failed(visits.filter((one) => isError(one) || one.headers['retry-after'] === undefined));

export const servingPids = (fleet: FleetView): number[] =>
  fleet.workers.filter(({ state }) => state === 'serving').map(({ pid }) => pid);

/** Waits until that many workers serve and answer. */
export const untilServing = (server: TestServer, count: number): Promise<FleetView> =>
  eventually(
    server.fleet,
    ({ workers }) => workers.filter(({ state, up }) => state === 'serving' && up).length === count,
    60_000,
  );

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
