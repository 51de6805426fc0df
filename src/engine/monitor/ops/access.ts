import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isForeign } from '../../foreign.ts';

/** How long a sign-in lasts, ms: a working day. */
export const SESSION_MS = 12 * 3_600_000;
export const COOKIE = 'tahan_ops';

export interface AccessRules {
  /** The operator's secret. */
  token: string;
  /** Reading needs no sign-in: the admin port listens on loopback only. */
  openReading: boolean;
}

/** What a request may do. `act`: undefined where it may, else the line that says why not. */
export interface Rights {
  read: boolean;
  act: string | undefined;
  /** Signed in by cookie: the word that an action must repeat in `x-tahan-csrf`. */
  csrf: string | undefined;
  /** A token was sent, and it is not the right one. */
  wrongToken: boolean;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
/** Compares secrets of any length in a time that tells nothing of them. */
export const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));

const mark = (token: string, purpose: string, text: string): string =>
  createHmac('sha256', token).update(`${purpose}:${text}`).digest('base64url');

/** The value of the cookie of one who has signed in at `now` (epoch ms). It holds after a restart of the monitor, too. */
export function makeSession(token: string, now: number): string {
  const until = String(now + SESSION_MS);
  return `${until}.${mark(token, 'session', until)}`;
}

export function isSession(token: string, value: string, now: number): boolean {
  const [, until, seal] = /^(\d{1,16})\.([\w-]{43})$/.exec(value) ?? [];
  return until !== undefined && Number(until) > now && isSame(seal!, mark(token, 'session', until));
}

export const csrfOf = (token: string, session: string): string => mark(token, 'csrf', session);

const bearerOf = ({ authorization }: IncomingHttpHeaders): string | undefined =>
  /^Bearer +([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1];

export const cookieOf = ({ cookie }: IncomingHttpHeaders): string | undefined =>
  new RegExp(`(?:^|; *)${COOKIE}=([^;]*)`).exec(cookie ?? '')?.[1];

/** A proxy stands before the admin port: who asks is not on this machine. */
const isForwarded = (headers: IncomingHttpHeaders): boolean =>
  headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;

/** What a request may do, by its headers alone. `now`: epoch ms. */
export function rightsOf(headers: IncomingHttpHeaders, { token, openReading }: AccessRules, now: number): Rights {
  const bearer = bearerOf(headers);
  const session = cookieOf(headers);
  const byToken = bearer !== undefined && isSame(bearer, token);
  const bySession = session !== undefined && isSession(token, session, now);
  const csrf = bySession ? csrfOf(token, session) : undefined;
  return {
    read: byToken || bySession || (openReading && !isForwarded(headers)),
    act: whyNot(headers, byToken, csrf),
    csrf,
    wrongToken: bearer !== undefined && !byToken,
  };
}

function whyNot(headers: IncomingHttpHeaders, byToken: boolean, csrf: string | undefined): string | undefined {
  if (isForeign(headers)) return 'An action must come from the dashboard itself, not from a page elsewhere.';
  if (byToken) return undefined;
  if (csrf === undefined) return 'Sign in with the operator token first.';
  const given = headers['x-tahan-csrf'];
  return typeof given === 'string' && isSame(given, csrf) ? undefined : 'The page is too old: load it again.';
}
