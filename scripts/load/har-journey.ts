import { z } from 'zod';
import type { Asked, Journey } from './journey.ts';
import { csrfOf } from './visitor.ts';

/** What of a HAR file (HTTP Archive 1.2, as browsers save it) makes a journey. */
const harSchema = z.object({
  log: z.object({
    entries: z
      .array(
        z.object({
          startedDateTime: z.string(),
          request: z.object({
            method: z.string(),
            url: z.url(),
            postData: z
              .object({
                mimeType: z.string(),
                text: z.string().optional(),
                params: z.array(z.object({ name: z.string(), value: z.string().optional() })).optional(),
              })
              .optional(),
          }),
          response: z.object({ status: z.number() }),
        }),
      )
      .min(1)
      .max(10_000),
  }),
});

/** The recording cannot be replayed; the message says why. */
export class HarError extends Error {
  readonly code = 'HAR';
  override readonly name = 'HarError';
}

export interface HarStep extends Asked {
  name: string;
  /** Time after the step before, ms, at most 10 s. */
  thinkMs: number;
}

const MAX_STEPS = 64;
const MAX_THINK_MS = 10_000;

/**
 * The steps of a recorded visit: the GETs and POSTs to the host of its first request, in their order. What they
 * loaded from elsewhere is left out.
 * @throws {HarError}
 */
export function harSteps(text: string): HarStep[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new HarError('the HAR file is no JSON', { cause });
  }
  const read = harSchema.safeParse(json);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new HarError(`the HAR file cannot be read: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { entries } = read.data.log;
  const host = new URL(entries[0]!.request.url).host;
  const steps: HarStep[] = [];
  let before: number | undefined;
  for (const { startedDateTime, request, response } of entries) {
    const url = new URL(request.url);
    if (url.host !== host || (request.method !== 'GET' && request.method !== 'POST')) continue;
    const at = Date.parse(startedDateTime);
    const thinkMs = before === undefined || Number.isNaN(at) ? 0 : Math.min(MAX_THINK_MS, Math.max(0, at - before));
    if (!Number.isNaN(at)) before = at;
    steps.push({
      name: `${request.method} ${url.pathname}`.slice(0, 80),
      path: `${url.pathname}${url.search}`,
      thinkMs,
      // A copy of the browser's own cache was a whole page to whoever has none.
      expect: response.status === 304 ? 200 : response.status,
      ...(request.method === 'POST' ? bodyOf(request.postData) : {}),
    });
  }
  if (steps.length > MAX_STEPS)
    throw new HarError(`the HAR file has ${steps.length} requests to ${host}: at most ${MAX_STEPS}`);
  return steps;
}

type PostData = z.infer<typeof harSchema>['log']['entries'][number]['request']['postData'];

function bodyOf(data: PostData): Pick<Asked, 'form' | 'body'> {
  if (data === undefined) return { form: {} };
  if (!data.mimeType.startsWith('application/x-www-form-urlencoded'))
    return { body: { type: data.mimeType, text: data.text ?? '' } };
  const pairs = data.params?.length
    ? data.params.map(({ name, value = '' }) => [decode(name), decode(value)] as const)
    : [...new URLSearchParams(data.text ?? '')];
  return { form: Object.fromEntries(pairs) };
}

/** Some browsers save the fields of a form as they went over the wire. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text; // a percent sign that is one
  }
}

/** A recorded visit as a journey: its own cookies, and in the place of a recorded token the one that it was given last. */
export function harJourney(steps: readonly HarStep[]): Journey {
  return async ({ ask }) => {
    let token: string | undefined;
    for (const { name, form, ...asked } of steps) {
      const fresh = form !== undefined && '_csrf' in form && token !== undefined ? { ...form, _csrf: token } : form;
      const page = await ask(name, fresh === undefined ? asked : { ...asked, form: fresh });
      if (page !== undefined) token = csrfOf(page) ?? token;
    }
  };
}
