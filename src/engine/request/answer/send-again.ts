import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { escapeHtml } from '../../escape-html.ts';
import { isForeign } from '../../foreign.ts';
import { KEY_FIELD } from '../../idempotency/request-key.ts';
import { wantsJson } from './accept.ts';
import { page, style } from './refusal.ts';

/** Larger forms are kept by the browser on the way back; this page is made anew for each refusal. */
export const MAX_FORM_BYTES = 8_192;
const MAX_FIELDS = 64;
/** When to send it again, s. */
const RETRY_AFTER_S = 3;
/** What such a field holds is written into no page. */
const SECRET = /pass|secret|pin\b|card|cvc|cvv|otp/i;
const KEY_BYTES = 16;

/**
 * The page of those whose form was refused before anybody looked at it: it holds what they sent, and a button that sends
 * it again, once. Undefined: not for this request, which gets the usual page.
 */
export function sendAgainPage(
  request: IncomingMessage,
  siteName: string,
): { head: Record<string, string>; body: string } | undefined {
  const fields = fieldsOf(request);
  if (fields === undefined) return undefined;
  if (!fields.has(KEY_FIELD)) fields.set(KEY_FIELD, randomBytes(KEY_BYTES).toString('hex'));
  const inputs = [...fields].map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const body = page(siteName, RETRY_AFTER_S, 'This was not taken', [
    `Many people are visiting ${escapeHtml(siteName)} right now, and what you sent was not taken. It is kept on this page.`,
    `<form method="post" action="">${inputs.join('')}<button>Send it again</button></form>`,
  ]);
  const styleHash = createHash('sha256').update(style(RETRY_AFTER_S)).digest('base64');
  return {
    body,
    head: {
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'retry-after': String(RETRY_AFTER_S),
      'cache-control': 'no-store',
      // An empty action is the page's own address; nothing is sent elsewhere.
      'content-security-policy': `default-src 'none'; form-action 'self'; style-src 'sha256-${styleHash}'`,
      'x-content-type-options': 'nosniff',
    },
  };
}

export function answerSendAgain(
  response: ServerResponse,
  { head, body }: NonNullable<ReturnType<typeof sendAgainPage>>,
  extraHeaders: readonly string[],
): void {
  for (let at = 0; at < extraHeaders.length; at += 2) response.setHeader(extraHeaders[at]!, extraHeaders[at + 1]!);
  response.writeHead(503, head).end(body);
}

/** The fields of a small form whose body is here and was read by nobody. */
function fieldsOf(request: IncomingMessage): URLSearchParams | undefined {
  const { method, headers } = request;
  const length = Number(headers['content-length'] ?? Number.NaN);
  if (method !== 'POST' || !(length > 0 && length <= MAX_FORM_BYTES) || !request.complete || wantsJson(request))
    return undefined;
  if (!headers['content-type']?.startsWith('application/x-www-form-urlencoded') || headers.accept === undefined)
    return undefined;
  // Sent again from this page a form of somebody else's page would come from the site itself, with the visitor's cookies.
  if (isForeign(headers)) return undefined;
  // A program that can say when it tries again needs no page.
  if (headers['tahan-client'] !== undefined || request.readableFlowing !== null) return undefined;
  const body = request.read() as Buffer | null;
  if (body?.length !== length) return undefined;
  const fields = new URLSearchParams(body.toString('utf8'));
  const names = [...fields.keys()];
  return names.length > MAX_FIELDS || names.some((name) => SECRET.test(name)) ? undefined : fields;
}
