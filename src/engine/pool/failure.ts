/** What was thrown in a thread, in a form that always crosses to the caller: an error may hold what cannot be cloned. */
export interface TaskFailure {
  name: string;
  message: string;
  code: string | undefined;
  stack: string | undefined;
}

export function failureOf(error: unknown): TaskFailure {
  if (!(error instanceof Error))
    return { name: typeof error, message: String(error), code: undefined, stack: undefined };
  const { name, message, stack, code } = error as NodeJS.ErrnoException;
  return { name, message, stack, code: typeof code === 'string' ? code : undefined };
}

/** The error again, on the caller's side; with a `code` where it had one. */
export function errorOf({ name, message, code, stack }: TaskFailure): Error {
  const error = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}
