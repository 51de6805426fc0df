import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { TimeRange } from './source.ts';

/** Largest body that an action or a sign-in has, bytes. */
const MAX_BODY = 4_096;
/** Most points of one answer: a chart has no more pixels. */
export const MAX_POINTS = 2_000;
/** Two years and a bit: the history goes no further back. */
const MAX_RANGE_MS = 800 * 86_400_000;

/** What was asked for cannot be done; `lines` has one for each mistake. */
export class BadInput extends Error {
  readonly code = 'BAD_INPUT';
  readonly status: 400 | 413;
  readonly lines: readonly string[];
  constructor(lines: readonly string[], status: 400 | 413 = 400) {
    super(lines.join('\n'));
    this.name = 'BadInput';
    this.lines = lines;
    this.status = status;
  }
}

const epochMs = z
  .string({ error: 'is missing: a time in epoch ms' })
  .regex(/^\d{1,15}$/, 'must be a time in epoch ms')
  .transform(Number);

const rangeSchema = z
  .object({ from: epochMs, to: epochMs })
  .refine(({ from, to }) => from < to, { path: ['from'], message: 'must be before to' })
  .refine(({ from, to }) => to - from <= MAX_RANGE_MS, {
    path: ['from'],
    message: 'may be at most 800 days before to',
  });

const pointsSchema = z
  .string()
  .regex(/^\d{1,4}$/, `must be a whole number from 2 to ${MAX_POINTS}`)
  .transform(Number)
  .pipe(
    z
      .number()
      .min(2, `must be a whole number from 2 to ${MAX_POINTS}`)
      .max(MAX_POINTS, `must be a whole number from 2 to ${MAX_POINTS}`),
  )
  .default(600);

/** Reads `value` by a schema. @throws {BadInput} a line for each mistake, with the name of the field */
export function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new BadInput(result.error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`));
}

/** `from` and `to` of a query, epoch ms. @throws {BadInput} */
export function rangeOf(query: URLSearchParams): TimeRange {
  const { from, to } = read(rangeSchema, Object.fromEntries(query));
  return { fromMs: from, toMs: to };
}

/** @throws {BadInput} */
export const pointsOf = (query: URLSearchParams): number =>
  read(z.object({ points: pointsSchema }), Object.fromEntries(query)).points;

/** The body as text. @throws {BadInput} it is too long */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY) throw new BadInput([`the body may have ${MAX_BODY} bytes`], 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The body as JSON. @throws {BadInput} */
export async function jsonOf(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    throw new BadInput(['content-type: must be application/json']);
  const text = await bodyOf(request);
  try {
    return JSON.parse(text);
  } catch {
    throw new BadInput(['the body is not JSON']);
  }
}
