import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Field of a form that carries the key where no script can send the header. */
export const KEY_FIELD = '_idempotency_key';
/** Methods whose requests change nothing, or nothing more when they come twice (RFC 9110 section 9.2.2) and have no key. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
/** 1 to 255 visible characters: a UUID, or what else the client makes unique. */
const KEY = /^[\x21-\x7e]{1,255}$/;
/** Cookies by which scripts count visits: they change between two tries of one form, and tell nobody apart. */
const STATISTICS = /^(?:_ga|_gid$|_gat|_gcl|_fb[pc]$|_pk_|_hj|_clck$|_clsk$|__utm|amplitude|mp_|ph_)/;

/** A request that is to be done once. All of it is hashes: neither key nor body nor cookie is kept. */
export interface Keyed {
  /** Under which it is found again. */
  id: Buffer;
  /** Of its body. */
  body: Buffer;
  /** With which its answer is sealed: only who sends the same key and cookies can have it made readable. */
  secret: Buffer;
  /** For the site, which may store it in the transaction of its own write. */
  siteKey: string;
}

export type KeyRead = { kind: 'none' } | { kind: 'invalid' } | { kind: 'keyed'; keyed: Keyed };

const NONE: KeyRead = { kind: 'none' };
const INVALID: KeyRead = { kind: 'invalid' };

/**
 * The key of a request, from the header `Idempotency-Key` or the field `_idempotency_key` of its form.
 * @param body as it was read; undefined: the site reads it itself, and only its announced length and type count
 * @param cookies names of those that tell visitors apart; undefined: all but those of statistics
 */
export function readKey(
  request: IncomingMessage,
  body: readonly Buffer[] | undefined,
  cookies: readonly string[] | undefined,
): KeyRead {
  const { method = 'GET', headers, url = '/' } = request;
  if (SAFE.has(method)) return NONE;
  const given = headerKey(headers['idempotency-key']) ?? (body === undefined ? undefined : fieldKey(request, body));
  if (given === undefined) return NONE;
  if (!KEY.test(given)) return INVALID;
  const parts = [method, url, headers.authorization ?? '', whose(headers.cookie, cookies), given];
  return {
    kind: 'keyed',
    keyed: {
      id: digest('id', parts),
      body: body === undefined ? announced(request) : bodyDigest(request, body),
      secret: digest('secret', parts),
      siteKey: digest('site', parts).toString('base64url'),
    },
  };
}

/** The draft of the IETF has it in quotes (a string of RFC 8941), most clients without. */
function headerKey(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value.join(',') : value;
  return text === undefined ? undefined : (/^"(.*)"$/.exec(text)?.[1] ?? text);
}

function fieldKey({ headers }: IncomingMessage, body: readonly Buffer[]): string | undefined {
  const type = headers['content-type'] ?? '';
  if (!body.some((part) => part.length > 0)) return undefined;
  const all = body.length === 1 ? body[0]! : Buffer.concat(body);
  if (!all.includes(KEY_FIELD)) return undefined;
  const text = all.toString('latin1');
  if (type.startsWith('application/x-www-form-urlencoded')) {
    const value = new RegExp(`(?:^|&)${KEY_FIELD}=([^&]*)`).exec(text)?.[1];
    if (value === undefined || value === '') return undefined;
    try {
      return decodeURIComponent(value.replaceAll('+', ' '));
    } catch {
      return ''; // no key of any client: told as such
    }
  }
  if (type.startsWith('multipart/form-data'))
    return new RegExp(`name="${KEY_FIELD}"\\r\\n\\r\\n([^\\r]*)\\r\\n`).exec(text)?.[1] || undefined;
  return undefined;
}

function whose(header: string | undefined, names: readonly string[] | undefined): string {
  if (header === undefined) return '';
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => {
      const name = pair.split('=', 1)[0]!;
      return names === undefined ? !STATISTICS.test(name) : names.includes(name);
    })
    .sort()
    .join(';');
}

/** A browser draws a new boundary each time it sends a form with files: it is no part of what is sent. */
function bodyDigest({ headers }: IncomingMessage, body: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  const boundary = /boundary="?([^";]+)/.exec(headers['content-type'] ?? '')?.[1];
  if (boundary === undefined) for (const part of body) hash.update(part);
  else hash.update(Buffer.concat(body).toString('latin1').replaceAll(boundary, ''), 'latin1');
  return hash.digest();
}

const announced = ({ headers }: IncomingMessage): Buffer =>
  digest('announced', [headers['content-length'] ?? '', (headers['content-type'] ?? '').split(';', 1)[0]!]);

function digest(purpose: string, parts: readonly string[]): Buffer {
  const hash = createHash('sha256').update(`tahan idempotency ${purpose}`);
  // With the length of each, so that no two lists of parts are one text.
  for (const part of parts) hash.update(`\0${part.length}\0${part}`);
  return hash.digest();
}
