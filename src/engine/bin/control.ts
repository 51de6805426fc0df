import { request } from 'node:http';
import { json, text as read } from 'node:stream/consumers';
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

/** @throws {Error} nobody answers there, or something else than Tahan */
export function readFleet({ host, port }: AdminPort): Promise<FleetGlance> {
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path: '/fleet', timeout: 5_000, agent: false }, (response) => {
      json(response).then(
        (fleet) => resolve(fleet as FleetGlance),
        (cause: unknown) =>
          reject(new Error(`what answers on ${host}:${port} is not the admin port of Tahan`, { cause })),
      );
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer within 5 s')));
    asked.on('error', (error) =>
      reject(
        new Error(
          `no server on the admin port ${host}:${port} (${error.message}); is it started, with these settings?`,
        ),
      ),
    );
    asked.end();
  });
}

/**
 * What `/ops/api/<name>` answers; undefined: the monitor, which answers it, is away.
 * @throws {Error} nobody answers there, or the token is wrong
 */
export function askOps({ host, port }: AdminPort, token: string, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const path = `/ops/api/${name}`;
    const asked = request({ host, port, path, headers, timeout: 5_000, agent: false }, (response) => {
      read(response).then((given) => {
        if (response.statusCode === 200) resolve(JSON.parse(given));
        else if (response.statusCode === 503 || response.statusCode === 404) resolve(undefined);
        else reject(new Error(given.trim()));
      }, reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer within 5 s')));
    asked.on('error', (error) => reject(new Error(`no server on the admin port ${host}:${port} (${error.message})`)));
    asked.end();
  });
}

/**
 * Has an operator's action done; gives the sentence that tells what came of it.
 * @throws {Error} it was not done, and why
 */
export function actOn({ host, port }: AdminPort, token: string, action: OperatorAction): Promise<string> {
  const body = JSON.stringify(action);
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      authorization: `Bearer ${token}`,
    };
    const asked = request(
      { host, port, path: '/ops/api/actions', method: 'POST', headers, timeout: 15_000, agent: false },
      (response) => {
        read(response).then((given) => {
          const { statusCode = 0 } = response;
          const words =
            statusCode === 200 || statusCode === 409 ? (JSON.parse(given) as ActionResult).text : given.trim();
          if (statusCode === 200) resolve(words);
          else reject(new Error(words));
        }, reject);
      },
    );
    asked.on('timeout', () => asked.destroy(new Error('no answer within 15 s')));
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
