import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { durationOf, EventUsageError, momentOf, readAdd, runEventCommand } from '../../../src/engine/events/command.ts';
import { MAX_EVENTS } from '../../../src/engine/events/event.ts';
import { EventFileError, eventFile, readEvents } from '../../../src/engine/events/file.ts';

const NOW = Date.UTC(2026, 10, 28);
const GOOD = ['--name', 'Launch', '--at', '2026-12-01T20:00+07:00', '--for', '2h'];
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tahan-events-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('event add', () => {
  test('the zone counts, whatever the zone of the machine', () => {
    expect(readAdd(GOOD, NOW).startAt).toBe(Date.UTC(2026, 11, 1, 13));
  });

  test('the same moment written in any zone is the same', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        fc.integer({ min: 0, max: 2_000_000 }),
        (zone, minutes) => {
          const at = Date.UTC(2026, 0, 1) + minutes * 60_000;
          const local = new Date(at + zone * 60_000).toISOString().slice(0, 16);
          const two = (n: number): string => String(n).padStart(2, '0');
          const text = `${local}${zone < 0 ? '-' : '+'}${two(Math.floor(Math.abs(zone) / 60))}:${two(Math.abs(zone) % 60)}`;
          expect(momentOf(text)).toBe(at);
        },
      ),
    );
  });

  test.each([
    '',
    'tomorrow',
    '2026-12-01',
    '2026-12-01T20:00',
    '2026-02-30T10:00Z',
    '2026-12-01T25:00Z',
    '2026-12-01T20:00+15:00',
  ])('is no moment: %j', (text) => expect(momentOf(text)).toBeUndefined());

  test.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['', undefined],
    ['5', undefined],
    ['m', undefined],
    ['-5m', undefined],
    ['1.5h', undefined],
  ])('a duration: %j', (text, ms) => expect(durationOf(text)).toBe(ms));

  test('one line for each mistake', () => {
    const words = ['--name', '', '--at', 'soon', '--for', 'long', '--page', 'launch', '--prequeue', '2h'];
    expect(() => readAdd(words, NOW)).toThrow(EventUsageError);
    const lines = (() => {
      try {
        readAdd(words, NOW);
        return [];
      } catch (error) {
        return (error as Error).message.split('\n');
      }
    })();
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['--name', '--at', '--for', '--prequeue', '--page']);
  });

  test('what is over cannot be added, and an unknown option is named', () => {
    expect(() => readAdd(GOOD, Date.UTC(2027, 0, 1))).toThrow('over already');
    expect(() => readAdd([...GOOD, '--color', 'red'], NOW)).toThrow('--color');
  });
});

describe('the file of events', () => {
  test('add, list, remove; nothing else is left in the folder', () => {
    expect(runEventCommand(['list'], dir, NOW)).toEqual(['no events']);
    const [line = ''] = runEventCommand(['add', ...GOOD, '--prequeue', '5m', '--page', '/a'], dir, NOW);
    expect(line).toContain('Launch: 2026-12-01T20:00+07:00 for 2h (in 3d13h)');
    const id = line.slice(0, 6);
    expect(readEvents(dir)).toHaveLength(1);
    expect(readdirSync(dir)).toEqual(['events.json']);
    expect(() => runEventCommand(['remove', 'nobody'], dir, NOW)).toThrow('must be one id');
    runEventCommand(['remove', id], dir, NOW);
    expect(readEvents(dir)).toEqual([]);
  });

  test('there are at most so many', () => {
    for (let n = 0; n < MAX_EVENTS; n += 1) runEventCommand(['add', ...GOOD], dir, NOW + n);
    expect(() => runEventCommand(['add', ...GOOD], dir, NOW)).toThrow(`${MAX_EVENTS} events already`);
  });

  test('a file that is not what was written is told, with what to do', () => {
    writeFileSync(eventFile(dir), '{"half":');
    expect(() => readEvents(dir)).toThrow(EventFileError);
    expect(() => readEvents(dir)).toThrow('remove the file');
  });
});
