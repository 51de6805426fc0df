import type { ReloadReport } from '../src/engine/primary/reload.ts';
import { askAdmin, fail, takesNothing } from './admin-port.ts';

const USAGE = `Usage: npm run reload
Checks the settings, asks the server of this machine to reload, and tells how it went. Exit code 1 when it did not.`;

const LOOK_EVERY_MS = 200;
/** A reload takes seconds; each of its steps is bounded by TAHAN_START_MS. */
const WAIT_MS = 600_000;

interface Fleet {
  pid: number;
  reload?: ReloadReport;
}

async function reload(): Promise<string> {
  const before = await askAdmin<Fleet>('/fleet');
  const number = (before.reload?.number ?? 0) + (before.reload?.state === 'running' ? 2 : 1);
  process.kill(before.pid, 'SIGHUP');
  const until = Date.now() + WAIT_MS;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const { reload: report } = await askAdmin<Fleet>('/fleet');
    if (report !== undefined && report.number >= number && report.state !== 'running') {
      if (report.state === 'done')
        return [`reloaded in ${((report.ms ?? 0) / 1000).toFixed(1)} s`, ...report.reasons].join('\n  ');
      const what =
        report.state === 'refused' ? 'refused, the old settings stay' : 'rolled back, the old version serves on';
      throw new Error([`the reload was ${what}:`, ...report.reasons].join('\n  '));
    }
    if (Date.now() > until) throw new Error(`no news of the reload within ${WAIT_MS / 1000} s; see the server's log`);
  }
}

if (takesNothing('reload', USAGE, process.argv.slice(2))) {
  reload().then(
    (line) => console.log(line),
    (error: unknown) => fail('reload', error),
  );
}
