import { z } from 'zod';

/** A site module says something that cannot be used: `problems` has one line for each mistake. */
export class SiteMistakesError extends Error {
  readonly code = 'SITE_MISTAKES';
  override readonly name = 'SiteMistakesError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** A field that must pass the check; `what` ends the sentence "the field must be ...". */
export const wanted = (check: (value: unknown) => boolean, what: string): z.ZodType => z.custom(check, what);

/** The message of an object schema for a value that is no object; unknown keys keep their own. */
export const whenNoObject = (what: string): { error: (issue: { code?: string }) => string | undefined } => ({
  error: ({ code }) => (code === 'invalid_type' ? what : undefined),
});

interface Sentence {
  /** Of the field: `cache.ttlMs`. */
  name: string;
  /** Begins with it. */
  text: string;
}

/** What a schema made of `wanted` fields finds wrong with an object, one sentence for each mistake. */
export function sentences(schema: z.ZodObject, value: object): Sentence[] {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).flatMap((issue) => {
    const at = issue.path.map(String);
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => {
        const name = [...at, key].join('.');
        return { name, text: `${name} is not known; known are ${keysAt(schema, at).join(', ')}` };
      });
    const name = at.join('.');
    return [{ name, text: `${name} must be ${issue.message}, not ${shown(valueAt(value, at))}` }];
  });
}

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce((inner, key) => (inner as Record<string, unknown>)[key], value);

function keysAt(schema: z.ZodObject, path: readonly string[]): string[] {
  const inner = path.reduce<unknown>((outer, key) => {
    const field = (outer as z.ZodObject).shape[key];
    return field instanceof z.ZodOptional ? field.unwrap() : field;
  }, schema);
  return Object.keys((inner as z.ZodObject).shape);
}

const MAX_SHOWN = 80;

/** A value as a person would write it. */
export function shown(value: unknown): string {
  const text =
    typeof value === 'string' || (typeof value === 'object' && value !== null) ? asJson(value) : String(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}

/** An app of a framework may hold itself. */
function asJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return 'an object';
  }
}
