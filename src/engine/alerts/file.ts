import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { EvaluateOptions } from './evaluate.ts';
import type { Rule } from './rule.ts';
import { RULES } from './rules.ts';

/** What `TAHAN_ALERTS` changes. */
export interface AlertSettings {
  hold: number;
  rules: Readonly<
    Record<string, { off?: boolean; for?: number; clear?: number; [limit: string]: number | boolean | undefined }>
  >;
}

/** No second message of the same alert within this time, seconds. */
const HOLD_SECONDS = 600;
const LONGEST_SECONDS = 86_400;
const MAX_BYTES = 65_536;

export const NO_ALERT_SETTINGS: AlertSettings = { hold: HOLD_SECONDS, rules: {} };

/** What cannot be used of it, one line per mistake. */
export class AlertFileError extends Error {
  readonly code = 'ALERTS_INVALID';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'AlertFileError';
    this.problems = problems;
  }
}

const seconds = z.number().min(0).max(LONGEST_SECONDS);

/** Checks what the file says; one line for each mistake. */
export function alertSettings(text: string, path: string): AlertSettings {
  const at = `TAHAN_ALERTS=${JSON.stringify(path)}`;
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new AlertFileError([`${at}: is no JSON: ${(error as Error).message}`]);
  }
  const ruleSchemas = Object.fromEntries(
    RULES.map((rule) => [
      rule.name,
      z
        .strictObject({
          off: z.boolean().optional(),
          for: seconds.optional(),
          clear: seconds.optional(),
          ...Object.fromEntries(Object.keys(rule.limits).map((name) => [name, z.number().min(0).optional()])),
        })
        .optional(),
    ]),
  );
  const schema = z.strictObject({
    hold: seconds.default(HOLD_SECONDS),
    rules: z.strictObject(ruleSchemas).default({}),
  });
  const parsed = schema.safeParse(raw);
  if (!parsed.success)
    throw new AlertFileError(
      parsed.error.issues.map(({ path: where, message }) => `${at}: ${where.join('.') || 'the file'}: ${message}`),
    );
  return parsed.data as AlertSettings;
}

/**
 * Reads the file at a path; an empty path: there is none.
 * @throws {AlertFileError} one line for each mistake
 */
export function readAlertSettings(path: string): AlertSettings {
  if (path === '') return NO_ALERT_SETTINGS;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new AlertFileError([
      `TAHAN_ALERTS=${JSON.stringify(path)}: cannot be read (${(error as NodeJS.ErrnoException).code}); it must be a JSON file`,
    ]);
  }
  if (text.length > MAX_BYTES)
    throw new AlertFileError([`TAHAN_ALERTS=${JSON.stringify(path)}: is over ${MAX_BYTES} characters`]);
  return alertSettings(text, path);
}

/** How the rules are judged with these settings. */
export const evaluateOptions = (settings: AlertSettings): EvaluateOptions => ({
  holdSeconds: settings.hold,
  tuned(rule: Rule) {
    const { off = false, for: after = rule.for, clear = rule.clear, ...limits } = settings.rules[rule.name] ?? {};
    return { off, for: after, clear, limits: { ...rule.limits, ...(limits as Record<string, number>) } };
  },
});
