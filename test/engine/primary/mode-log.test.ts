import { beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { Mode } from '../../../src/engine/beats.ts';
import type { ModeState } from '../../../src/engine/primary/mode.ts';
import { createModeLog, type ModeLog } from '../../../src/engine/primary/mode-log.ts';
import type { JournalEntry } from '../../../src/engine/primary/scaler/journal.ts';

let lines: string[];
let summaries: string[];
let modeLog: ModeLog;
let decisions: JournalEntry[];

beforeEach(() => {
  lines = [];
  summaries = [];
  decisions = [];
  modeLog = createModeLog(
    pino({ level: 'info' }, { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) }),
    (line) => void summaries.push(line),
  );
});

const look = (mode: Mode, now: number, { serving = 1, calledForAt = now, reason = 'a reason' } = {}): void => {
  const state: ModeState = { mode, reason, calledForAt, elu: 0, at: now };
  modeLog.look(state, serving, decisions, now);
};
const answered = (route: string, cache: string, amount: number): void =>
  modeLog.count({ counters: [['http_requests_total', [route, 'GET', '200', cache], amount]] });

describe('the log of the modes', () => {
  test('says nothing of a start, however long nobody serves and however busy it is then', () => {
    for (let now = 0; now < 5_000; now += 50) look('down', now);
    look('busy', 5_000);
    look('calm', 6_000);
    expect(lines).toEqual([]);
  });

  test('says nothing of a moment, though its mode stays for a while', () => {
    look('calm', 0);
    look('saturated', 1_000);
    for (let now = 1_050; now < 2_000; now += 50) look('saturated', now, { calledForAt: 1_050 });
    look('busy', 2_050);
    look('calm', 3_100);
    expect(lines).toEqual([]);
  });

  test('tells a surge that lasts once, and sums it up in one line when it is over', () => {
    look('calm', 0);
    answered('/before', 'bypass', 7);
    for (let now = 1_000; now <= 12_400; now += 50) {
      look('saturated', now, { serving: now < 5_000 ? 1 : 2 });
      if (now === 3_000) {
        answered('/lab/work', 'refused', 69_000);
        answered('/', 'refused', 40);
        answered('/', 'fresh', 241);
        modeLog.count({ counters: [['tahan_lifeboat_answers_total', ['waiting_page'], 653]] });
      }
    }
    decisions = [
      {
        action: 'hold',
        target: 2,
        cause: 'cpu',
        reason: '',
        vetoed: true,
        at: Date.now(),
        lastAt: Date.now(),
        times: 1,
      },
    ];
    look('busy', 13_450);
    expect(lines).toEqual([
      'saturated for over a second',
      'surge over: 11.4 s, 241 served, 69,040 asked to wait (most: /lab/work), lifeboat 653, workers 1 to 2, the limit was CPU',
    ]);
    expect(summaries).toEqual(lines.slice(1));
  });

  test('counts from down to saturated as one, and begins anew with the next', () => {
    look('calm', 0);
    for (const from of [1_000, 11_000]) {
      look('down', from);
      look('saturated', from + 2_000);
      answered('/', 'miss', 1);
      look('calm', from + 4_000);
    }
    expect(lines).toEqual([
      'saturated for over a second',
      'surge over: 2.0 s, 1 served, 0 asked to wait, lifeboat 0, workers 1 to 1',
      'saturated for over a second',
      'surge over: 2.0 s, 1 served, 0 asked to wait, lifeboat 0, workers 1 to 1',
    ]);
  });
});
