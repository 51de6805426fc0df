import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KeptAnswer } from '../../idempotency/kept-answer.ts';
import { tellsScript } from '../../idempotency/script-answer.ts';
import { wantsJson } from './accept.ts';
import { page, style } from './refusal.ts';

/** When to ask again for the answer of work under way, s. */
const RETRY_AFTER_S = 1;

/** What a client is told of a request with a key that is not done. */
export type OnceProblem = 'invalid' | 'in_progress' | 'other_body' | 'not_kept';

const PROBLEMS: Record<OnceProblem, { status: number; code: string; heading: string; message: string }> = {
  invalid: {
    status: 400,
    code: 'IDEMPOTENCY_KEY_INVALID',
    heading: 'This was not taken',
    message: 'The idempotency key must be 1 to 255 visible ASCII characters.',
  },
  in_progress: {
    status: 409,
    code: 'IN_PROGRESS',
    heading: 'Your request is being worked on',
    message:
      'What you sent has arrived and is being worked on. Load this page again in a moment to see what came of it; nothing is done twice.',
  },
  other_body: {
    status: 422,
    code: 'IDEMPOTENCY_KEY_REUSED',
    heading: 'This form was sent before',
    message:
      'This form was sent before, with something else in it. Please open the form anew to send another one: what you sent first is done.',
  },
  not_kept: {
    status: 409,
    code: 'ANSWER_NOT_KEPT',
    heading: 'This was done before',
    message: 'What you sent was done before. Its answer was too large to be kept; please look at what you have.',
  },
};

export interface OnceAnswers {
  problem: (request: IncomingMessage, response: ServerResponse, problem: OnceProblem) => void;
  /** Gives the answer of the first try again. */
  replay: (request: IncomingMessage, response: ServerResponse, answer: KeptAnswer) => void;
}

export function createOnceAnswers(siteName: string, extraHeaders: readonly string[]): OnceAnswers {
  const addHeaders = (response: ServerResponse): void => {
    for (let at = 0; at < extraHeaders.length; at += 2) response.setHeader(extraHeaders[at]!, extraHeaders[at + 1]!);
  };
  const csp = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style(RETRY_AFTER_S)).digest('base64')}'`;
  return {
    problem(request, response, problem) {
      const { status, code, heading, message } = PROBLEMS[problem];
      const json = wantsJson(request);
      const body = json
        ? `${JSON.stringify({ error: { status, code, message } })}\n`
        : page(siteName, RETRY_AFTER_S, heading, [message]);
      addHeaders(response);
      response.writeHead(status, {
        'content-type': json ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
        'content-length': String(Buffer.byteLength(body)),
        'cache-control': 'no-store',
        'content-security-policy': csp,
        'x-content-type-options': 'nosniff',
        'idempotency-status': problem.replace('_', '-'),
        ...(problem === 'in_progress' ? { 'retry-after': String(RETRY_AFTER_S) } : {}),
      });
      response.end(body);
    },
    replay(request, response, { status, headers, body }) {
      addHeaders(response);
      response.statusCode = status;
      for (const [name, value] of headers) response.appendHeader(name, value);
      response.setHeader('idempotency-status', 'replayed');
      response.end(tellsScript(request, response) ? undefined : body);
    },
  };
}
