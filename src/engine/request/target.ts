import type { IncomingMessage } from 'node:http';

/** RFC 9112 section 3.2.2, without userinfo (RFC 9110 section 4.2.4) and with a host. */
const ABSOLUTE_FORM = /^https?:\/\/([^/?#@]+)(\/[^?#]*)?(\?[^#]*)?(?:#|$)/i;

/**
 * Brings the target of a request into origin form, so that engine and site see the same one: of an absolute-form target
 * the path counts, and its authority instead of Host (RFC 9112 section 3.2.2). A fragment is no part of a target and is
 * left out, as the URL parsers of Koa and Express leave it out. Any other target stays as it is, and matches no route.
 */
export function toOriginForm(request: Pick<IncomingMessage, 'url' | 'headers'>): void {
  const url = request.url ?? '/';
  if (url.startsWith('/')) {
    const fragment = url.indexOf('#');
    if (fragment !== -1) request.url = url.slice(0, fragment);
    return;
  }
  const parts = ABSOLUTE_FORM.exec(url);
  if (parts === null) return;
  request.url = `${parts[2] ?? '/'}${parts[3] ?? ''}`;
  request.headers.host = parts[1]!;
}
