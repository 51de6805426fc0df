import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { ConfigError, readConfig } from '../src/config.ts';
import type { ReloadReport } from '../src/engine/primary/reload.ts';
import { readEnvironment } from '../src/environment.ts';

/** `npm run reload`: checks the settings, asks the server of this machine to reload, and tells how it went. */

const LOOK_EVERY_MS = 200;
/** A reload takes seconds; each of its steps is bounded by TAHAN_START_MS. */
const WAIT_MS = 600_000;

interface Fleet {
  pid: number;
  reload?: ReloadReport;
}

function readFleet(host: string, port: number): Promise<Fleet> {
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path: '/fleet', timeout: 5_000, agent: false }, (response) => {
      json(response).then(
        (fleet) => resolve(fleet as Fleet),
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

async function reload(): Promise<string> {
  const { adminHost, adminPort } = readConfig(readEnvironment());
  if (adminPort === 0)
    throw new Error('TAHAN_ADMIN_PORT is 0, so the server cannot be found; send SIGHUP to its process instead');
  const before = await readFleet(adminHost, adminPort);
  const number = (before.reload?.number ?? 0) + (before.reload?.state === 'running' ? 2 : 1);
  process.kill(before.pid, 'SIGHUP');
  const until = Date.now() + WAIT_MS;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const { reload: report } = await readFleet(adminHost, adminPort);
    if (report !== undefined && report.number >= number && report.state !== 'running') {
      if (report.state === 'done') return `reloaded in ${((report.ms ?? 0) / 1000).toFixed(1)} s`;
      const what =
        report.state === 'refused' ? 'refused, the old settings stay' : 'rolled back, the old version serves on';
      throw new Error([`the reload was ${what}:`, ...report.reasons].join('\n  '));
    }
    if (Date.now() > until) throw new Error(`no news of the reload within ${WAIT_MS / 1000} s; see the server's log`);
  }
}

reload().then(
  (line) => console.log(line),
  (error: unknown) => {
    if (error instanceof ConfigError)
      console.error(`reload: nothing was done, the settings are wrong:\n  ${error.problems.join('\n  ')}`);
    else console.error(`reload: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = error instanceof ConfigError ? 78 : 1;
  },
);
