import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { AlertFileError, alertSettings, evaluateOptions, readAlertSettings } from '../../../src/engine/alerts/file.ts';
import { RULES } from '../../../src/engine/alerts/rules.ts';

const problemsOf = (text: string): readonly string[] => {
  try {
    alertSettings(text, 'alerts.json');
  } catch (error) {
    return (error as AlertFileError).problems;
  }
  return [];
};

test('what the file does not say is as in the table', () => {
  const { holdSeconds, tuned } = evaluateOptions(
    alertSettings('{"hold": 60, "rules": {"surge": {"warn": 300, "for": 5}}}', 'alerts.json'),
  );
  const surge = tuned(RULES.find(({ name }) => name === 'surge')!);
  expect([holdSeconds, surge.for, surge.clear, surge.limits.warn, surge.limits.critical]).toEqual([
    60, 5, 60, 300, 400,
  ]);
});

test('each mistake is a line', () => {
  expect(problemsOf('{')).toHaveLength(1);
  const problems = problemsOf('{"rules": {"surge": {"warn": "many", "for": -1}, "serge": {}}}');
  expect(problems).toHaveLength(3);
  expect(problems.every((line) => line.startsWith('TAHAN_ALERTS="alerts.json": ') && !line.includes('\n'))).toBe(true);
});

test('a file that is not there is a mistake, and no file is none', () => {
  expect(() => readAlertSettings('/nowhere/alerts.json')).toThrow(AlertFileError);
  expect(readAlertSettings('').hold).toBe(600);
});

test('a file that is far too large is not read as rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tahan-alerts-'));
  try {
    const path = join(folder, 'alerts.json');
    writeFileSync(path, `{"hold": 60}${' '.repeat(70_000)}`);
    expect(() => readAlertSettings(path)).toThrow('is over 65536 characters');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
