import type { z } from 'zod';

/** What a form held: read values, or one message per wrong field and the texts to show again. */
export type FormResult<T> =
  | { ok: true; data: T }
  | { ok: false; errors: Record<string, string>; values: Record<string, string> };

/** Fields that are never sent back to the page. */
const SECRET = /password|^_csrf$/i;

/** Texts of a body, for showing a form again; without secrets. */
export function formValues(body: unknown): Record<string, string> {
  const values: Record<string, string> = {};
  if (typeof body !== 'object' || body === null) return values;
  for (const [name, value] of Object.entries(body)) {
    if (typeof value === 'string' && !SECRET.test(name)) values[name] = value;
  }
  return values;
}

/** Reads a form body by its schema; the first message per field wins. Messages without a field are under `form`. */
export function readForm<Schema extends z.ZodType>(schema: Schema, body: unknown): FormResult<z.infer<Schema>> {
  const parsed = schema.safeParse(body ?? {}, { error: inWords });
  if (parsed.success) return { ok: true, data: parsed.data };
  const errors: Record<string, string> = {};
  for (const issue of parsed.error.issues) errors[String(issue.path[0] ?? 'form')] ??= issue.message;
  return { ok: false, errors, values: formValues(body) };
}

/** What no form of ours sends: where a rule has words of its own, these are not asked. */
const inWords: z.core.$ZodErrorMap = ({ code, input }) => {
  if (code === 'invalid_type' && input === undefined) return 'Please fill this in.';
  return code.startsWith('invalid_') ? 'This cannot be used here.' : undefined;
};

/** What a task said of its input, in the form of `readForm`. */
export function problemFields(problems: readonly { field: string; message: string }[]): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { field, message } of problems) errors[field.split('.')[0] || 'form'] ??= message;
  return errors;
}
