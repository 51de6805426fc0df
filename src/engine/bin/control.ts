import { request } from 'node:http';
import { text as read } from 'node:stream/consumers';
import { isAlive } from '../is-alive.ts';
import type { ActionResult, OperatorAction } from '../operator-action.ts';
import type { FleetGlance } from './status-lines.ts';

/** Where the admin port of a server is. */
export interface AdminPort {
  host: string;
  port: number;
}

const LOOK_EVERY_MS = 200;
/** A reload takes seconds; each of its steps is bounded by TAHAN_START_MS. */
const RELOAD_MS = 600_000;
/** Workers drain for TAHAN_DRAIN_MS, which is 300 s at most. */
const STOP_MS = 310_000;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));

interface Asking {
  path: string;
  timeoutMs: number;
  token?: string;
  /** JSON that is posted. */
  body?: string;
}

/** @throws {Error} nobody answers there */
function ask(
  { host, port }: AdminPort,
  { path, timeoutMs, token, body }: Asking,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const method = body === undefined ? 'GET' : 'POST';
    const asked = request({ host, port, path, method, headers, timeout: timeoutMs, agent: false }, (response) => {
      read(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs / 1_000} s`)));
    asked.on('error', (error) =>
      reject(
        new Error(
          `no server on the admin port ${host}:${port} (${error.message}); is it started, with these settings?`,
        ),
      ),
    );
    asked.end(body);
  });
}

/** @throws {Error} nobody answers there, or something else than Tahan */
export async function readFleet(admin: AdminPort): Promise<FleetGlance> {
  const { text } = await ask(admin, { path: '/fleet', timeoutMs: 5_000 });
  try {
    return JSON.parse(text) as FleetGlance;
  } catch (cause) {
    throw new Error(`what answers on ${admin.host}:${admin.port} is not the admin port of Tahan`, { cause });
  }
}

/**
 * What `/ops/api/<name>` answers; undefined: the monitor, which answers it, is away.
 * @throws {Error} nobody answers there, or the token is wrong
 */
export async function askOps(admin: AdminPort, token: string, name: string): Promise<unknown> {
  const { status, text } = await ask(admin, { path: `/ops/api/${name}`, timeoutMs: 5_000, token });
  if (status === 200) return JSON.parse(text);
  if (status === 503 || status === 404) return undefined;
  throw new Error(text.trim());
}

/**
 * Has an operator's action done; gives the sentence that tells what came of it.
 * @throws {Error} it was not done, and why
 */
export async function actOn(admin: AdminPort, token: string, action: OperatorAction): Promise<string> {
  const body = JSON.stringify(action);
  const { status, text } = await ask(admin, { path: '/ops/api/actions', timeoutMs: 15_000, token, body });
  const words = status === 200 || status === 409 ? (JSON.parse(text) as ActionResult).text : text.trim();
  if (status !== 200) throw new Error(words);
  return words;
}

/**
 * Asks the server of this machine to reload; gives the line that tells how it went.
 * @throws {Error} it was refused or rolled back, with the reasons
 */
export async function reloadServer(admin: AdminPort): Promise<string> {
  const before = await readFleet(admin);
  const number = (before.reload?.number ?? 0) + (before.reload?.state === 'running' ? 2 : 1);
  process.kill(before.pid, 'SIGHUP');
  const until = Date.now() + RELOAD_MS;
  for (;;) {
    await pause();
    const { reload: report } = await readFleet(admin);
    if (report !== undefined && report.number >= number && report.state !== 'running') {
      if (report.state === 'done')
        return [`reloaded in ${((report.ms ?? 0) / 1000).toFixed(1)} s`, ...report.reasons].join('\n  ');
      const what =
        report.state === 'refused' ? 'refused, the old settings stay' : 'rolled back, the old version serves on';
      throw new Error([`the reload was ${what}:`, ...report.reasons].join('\n  '));
    }
    if (Date.now() > until) throw new Error(`no news of the reload within ${RELOAD_MS / 1000} s; see the server's log`);
  }
}

/**
 * Asks the server to stop and waits until its process is gone.
 * @throws {Error} it is not gone in time
 */
export async function stopServer(admin: AdminPort): Promise<string> {
  const { pid } = await readFleet(admin);
  process.kill(pid, 'SIGTERM');
  const until = Date.now() + STOP_MS;
  while (isAlive(pid)) {
    if (Date.now() > until) throw new Error(`process ${pid} has not ended within ${STOP_MS / 1000} s; see its log`);
    await pause();
  }
  return 'stopped';
}
