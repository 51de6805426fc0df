import { STATUS_CODES } from 'node:http';

export interface ProblemOptions {
  /** Headers of the answer, such as `Retry-After`. */
  headers?: Record<string, string>;
  cause?: unknown;
}

/** A failure that the visitor is told about: an HTTP status, a stable code, and a sentence for people. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;
  constructor(status: number, code: string, message: string, options: ProblemOptions = {}) {
    super(message, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.headers = options.headers ?? {};
  }

  /** The status in words: `Not Found`. */
  get title(): string {
    return STATUS_CODES[this.status] ?? 'Error';
  }
}

export const notFound = (what = 'There is no page at this address.'): Problem => new Problem(404, 'NOT_FOUND', what);

export const forbidden = (why: string): Problem => new Problem(403, 'FORBIDDEN', why);

/** "Not now": the visitor may try again after `seconds`. */
export const unavailable = (code: string, message: string, seconds: number, cause?: unknown): Problem =>
  new Problem(503, code, message, { headers: { 'Retry-After': String(seconds) }, cause });
