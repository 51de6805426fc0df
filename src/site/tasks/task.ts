import { z } from 'zod';
import { onceKey } from '../data/done-writes.ts';

/** What a task was given did not fit its schema; one problem per field. */
export interface Invalid {
  ok: false;
  reason: 'invalid';
  problems: { field: string; message: string }[];
}

export interface Control {
  /** Aborts at the task's deadline. */
  signal: AbortSignal;
}

/** The absolute path of the data folder: each input of a task with data carries it. */
export const dataDir = z.string().min(1).max(4_096);

/**
 * A function for the thread pool: checks its input, then works. Expected failures are values, `{ ok: false, reason }`, as an
 * error loses its class on the way between threads.
 */
export function task<Schema extends z.ZodType, Output>(
  schema: Schema,
  work: (input: z.output<Schema>, control: Control) => Output | Promise<Output>,
): (input: z.input<Schema>, control: Control) => Promise<Output | Invalid> {
  return async (input, control) => {
    const parsed = schema.safeParse(input);
    if (parsed.success) {
      const key = (input as { onceKey?: string }).onceKey;
      return key === undefined ? work(parsed.data, control) : onceKey.run(key, () => work(parsed.data, control));
    }
    const problems = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
    return { ok: false, reason: 'invalid', problems };
  };
}
