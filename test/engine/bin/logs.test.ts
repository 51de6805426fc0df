import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readCommandLine } from '../../../src/engine/bin/command-line.ts';
import { LogReader, readLogsWords, showLogs, shownLines } from '../../../src/engine/bin/logs.ts';
import { logFileIn } from '../../../src/engine/log-file.ts';
import { keepLogWithin } from '../../../src/engine/primary/log-size.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-logs-'));
  file = logFileIn(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

const line = (msg: string, level = 30): string =>
  JSON.stringify({ level, time: '2026-03-09T12:00:00.000Z', process: 'primary', pid: 7, msg });

describe('the words of logs', () => {
  test('are read, and what cannot be is told', () => {
    expect(readLogsWords([])).toEqual({ follow: false, lines: 20, level: 'trace' });
    expect(readLogsWords(['-f', '-n', '5', '--level', 'warn'])).toEqual({ follow: true, lines: 5, level: 'warn' });
    expect(readLogsWords(['--lines', 'many'])).toContain('"many"');
    expect(readLogsWords(['--level', 'loud'])).toContain('warn');
    expect(readLogsWords(['--tail'])).toContain('--tail');
    expect(readCommandLine(['logs', '--follow'])).toMatchObject({ do: 'logs', logs: { follow: true } });
    expect(readCommandLine(['logs', '--tail'])).toMatchObject({ do: 'refuse' });
    expect(readCommandLine(['top'])).toEqual({ do: 'top' });
  });
});

describe('the log that is kept', () => {
  test('is read line by line as it grows, and on when it is cut', () => {
    const reader = new LogReader(file);
    expect(reader.next()).toBeUndefined();
    appendFileSync(file, 'one\ntw');
    expect(reader.next()).toEqual(['one']);
    appendFileSync(file, 'o\nthree\n');
    expect(reader.next()).toEqual(['two', 'three']);
    appendFileSync(file, 'four\n');
    copyFileSync(file, `${file}.1`);
    truncateSync(file, 0);
    appendFileSync(file, 'five\n');
    expect(reader.next()).toEqual(['four', 'five']);
    expect(reader.next()).toEqual([]);
  });

  test('begins with whole lines of the last megabyte', () => {
    appendFileSync(file, `${'x'.repeat(99)}\n`.repeat(20_000));
    const lines = new LogReader(file).next()!;
    expect([lines.length < 11_000, new Set(lines.map(({ length }) => length))]).toEqual([true, new Set([99])]);
  });

  test('stays within twice its size, with the newest whole', async () => {
    appendFileSync(file, `${'x'.repeat(99)}\n`);
    await keepLogWithin(file, 100);
    expect(statSync(file).size).toBe(100);
    appendFileSync(file, 'last\n');
    await keepLogWithin(file, 100);
    expect([statSync(file).size, readFileSync(`${file}.1`, 'utf8').endsWith('last\n')]).toEqual([0, true]);
  });

  test('is shown from before the cut on, as severe as asked for, in words for people', () => {
    appendFileSync(`${file}.1`, `${line('before')}\n`);
    appendFileSync(file, `${line('well')}\n${line('broken', 50)}\n{"half\n`);
    const wish = { follow: false, lines: 2, level: 'trace' } as const;
    const texts: string[] = [];
    showLogs(folder, wish, (text) => texts.push(text));
    expect(
      texts
        .join('')
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text).msg),
    ).toEqual(['well', 'broken']);
    texts.length = 0;
    showLogs(folder, { ...wish, lines: 9 }, (text) => texts.push(text));
    expect(texts.join('')).toContain('"before"');
    expect(shownLines([line('well'), line('broken', 50)], { level: 'warn' }, { colour: false })).toEqual([
      expect.stringMatching(/primary +ERROR broken$/),
    ]);
    expect(() => showLogs(join(folder, 'none'), wish, () => {})).toThrow('no log is kept');
  });
});
