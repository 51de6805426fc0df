import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { forPeople } from '../../src/engine/log-lines.ts';

const LOG = new URL('../../src/engine/log.ts', import.meta.url);

const program = (work: string, keep: string): string =>
  `import { createLog } from '${LOG}'; const log = createLog('info', 'test'${keep}); ${work}`;
const keepIn = (dataDir: string): string => `, { dataDir: '${dataDir}', logBytes: 1000 }`;

/** What a process writes that logs with these words. */
function logged(work: string, keep = ''): { out: string[]; err: string[] } {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program(work, keep)], {
    encoding: 'utf8',
  });
  const lines = (text: string): string[] => text.split('\n').slice(0, -1);
  return { out: lines(stdout), err: lines(stderr) };
}

describe('the log', () => {
  test('is JSON where no terminal is, and keeps healthy lines out of stderr', () => {
    const { out, err } = logged(
      "log.info({ a: 1 }, 'well'); log.warn('careful'); log.error('broken'); log.debug('no')",
    );
    expect(out.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 30, process: 'test', a: 1, msg: 'well' }),
    ]);
    expect(err.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['careful', 'broken']);
  });

  test('is kept in the data folder, too, with the same lines; where it cannot be, it is told once', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tahan-log-'));
    try {
      const work = "log.info('well'); log.warn('careful'); process.exit(0)";
      const { out, err } = logged(work, keepIn(folder));
      const kept = readFileSync(join(folder, 'tahan.log'), 'utf8').trim().split('\n');
      // Each line is of one write; which is first is the kernel's.
      expect(kept.sort()).toEqual([...out, ...err].sort());
      expect(statSync(join(folder, 'tahan.log')).mode & 0o777).toBe(0o600);
      const away = logged(work, keepIn(`${folder}/none`));
      expect([away.out.length, away.err.length]).toEqual([1, 2]);
      expect(away.err[0]).toContain('the log cannot be kept');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  // Linux: whatever is written there finds no room, as on a full disk.
  test('ends no process when its words, and those of the site, cannot be written', () => {
    const full = openSync('/dev/full', 'w');
    const folder = mkdtempSync(join(tmpdir(), 'tahan-log-'));
    try {
      symlinkSync('/dev/full', join(folder, 'tahan.log'));
      const work = `
        for (let n = 0; n < 5; n++) {
          log.info('well');
          log.warn('careful');
          process.stdout.write('GET / 200');
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        (await import('node:fs')).writeFileSync('${folder}/lives', '');
        process.exit(0);`;
      const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', program(work, keepIn(folder))], {
        stdio: ['ignore', full, full],
        timeout: 20_000,
      });
      expect([existsSync(join(folder, 'lives')), status]).toEqual([true, 0]);
    } finally {
      closeSync(full);
      rmSync(folder, { recursive: true });
    }
  });

  test('is bounded in a second, in both together', () => {
    const { out, err } = logged("for (let n = 0; n < 200; n++) log[n % 2 ? 'info' : 'warn']('x')");
    // The loop may end in the next second.
    expect(out.length + err.length).toBeGreaterThanOrEqual(50);
    expect(out.length + err.length).toBeLessThanOrEqual(101);
  });
});

describe('a line for people', () => {
  const line = (fields: object): string =>
    JSON.stringify({ level: 30, time: '2026-03-09T12:00:00.000Z', process: 'primary', pid: 7, ...fields });
  const read = (fields: object, colour = false): string =>
    forPeople(line(fields), colour).replace(/^(\x1b\[2m)?\d\d:\d\d:\d\d/, '$1HH:MM:SS');

  test('has the time, who speaks, the words, and the fields', () => {
    expect(read({ msg: 'worker serves', worker: 'worker-1', startedMs: 812, how: 'signal SIGKILL' })).toBe(
      'HH:MM:SS primary   worker serves worker=worker-1 startedMs=812 how="signal SIGKILL"\n',
    );
  });

  test('names the level from warnings on, in colour for those who see colours', () => {
    expect(read({ level: 40, msg: 'careful' })).toBe('HH:MM:SS primary   WARN careful\n');
    expect(read({ level: 50, msg: 'broken' }, true)).toContain('\x1b[31mERROR\x1b[0m broken');
  });

  test('has a stack below it, and a short error in it', () => {
    expect(read({ level: 50, msg: 'failed', error: 'Error: x\n    at y' })).toBe(
      'HH:MM:SS primary   ERROR failed\n  Error: x\n      at y\n',
    );
    expect(read({ msg: 'failed', err: { type: 'Error', message: 'x', stack: 'Error: x\n    at y' } })).toContain(
      '\n  Error: x\n',
    );
    expect(read({ msg: 'failed', error: 'EPIPE' })).toBe('HH:MM:SS primary   failed EPIPE\n');
  });
});
