import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import type { SiteSettings } from '../../engine/site.ts';

/** Longest Cookie header that is searched, characters; node:http itself allows 16 KiB of headers. */
const MAX_HEADER = 8_192;

/** The value of a cookie, as sent; undefined when absent. */
export function readCookie(request: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  const header = request.headers.cookie;
  if (header === undefined || header.length > MAX_HEADER) return undefined;
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    if (at !== -1 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

/** HMAC-SHA256 of `value`; `purpose` keeps a signature made for one thing from being good for another. */
export function signature(secret: string, purpose: string, value: string): string {
  return createHmac('sha256', secret).update(`${purpose}:${value}`).digest('base64url');
}

/** Compares in constant time; texts of different lengths differ. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

export const sign = (secret: string, purpose: string, value: string): string =>
  `${value}.${signature(secret, purpose, value)}`;

/** The value of a `value.signature` cookie when the signature is genuine. */
export function unsign(secret: string, purpose: string, signed: string | undefined): string | undefined {
  if (signed === undefined || signed.length > 256) return undefined;
  const at = signed.lastIndexOf('.');
  if (at <= 0) return undefined;
  const value = signed.slice(0, at);
  return sameText(signed.slice(at + 1), signature(secret, purpose, value)) ? value : undefined;
}

/** Whether the site is public over https: then cookies are Secure and bound to the host (RFC 6265bis section 4.1.3.2). */
const isHttps = (settings: SiteSettings): boolean => settings.publicUrl.startsWith('https:');

export function cookieName(settings: SiteSettings, name: 'session' | 'form'): string {
  return `${isHttps(settings) ? '__Host-' : ''}tahan_${name}`;
}

/** Sets a cookie for this host; `maxAgeSeconds` 0 takes it back, undefined ends it with the browser. */
export function setCookie(
  ctx: Context,
  settings: SiteSettings,
  name: 'session' | 'form',
  value: string,
  maxAgeSeconds?: number,
): void {
  const parts = [`${cookieName(settings, name)}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Lax'];
  if (maxAgeSeconds !== undefined) parts.push(`Max-Age=${maxAgeSeconds}`);
  if (isHttps(settings) || ctx.state.visit.secure) parts.push('Secure');
  ctx.append('Set-Cookie', parts.join('; '));
}
