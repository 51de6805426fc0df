import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** The name or address in a Host header, lower case, without port, brackets and the dot of the root; empty where there is none. */
export function hostNameOf(host: string | undefined): string {
  const [, address, name = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host ?? '') ?? [];
  return (address ?? name.replace(/\.$/, '')).toLowerCase();
}

/** RFC 9110 section 7.2, RFC 3986 section 3.2: a name or an address, and a port; empty where the target has none. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i;

export const isHost = (host: string): boolean => HOST.test(host);

/** How often a header came, by its name in lower case. */
const timesIn = (rawHeaders: readonly string[], name: string): number =>
  rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === name).length;

/** Whether a request says well for whom it is. One that says it twice may be read in two ways on its way (RFC 9112 section 3.2). */
export const hasOneHost = ({ headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): boolean =>
  isHost(headers.host ?? '') && timesIn(rawHeaders, 'host') <= 1;

/**
 * Whether a Host header names this machine to itself. A page of another site that has its own name lead to 127.0.0.1 (DNS
 * rebinding) sends that name; nobody can have `localhost` or what is below it (RFC 6761 section 6.3).
 */
export function isLoopbackHost(host: string | undefined): boolean {
  const name = hostNameOf(host);
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name);
}

/** Whether a Host header is an address: no DNS name leads to it. */
export const isAddress = (host: string | undefined): boolean => isIP(hostNameOf(host)) !== 0;

export const isLoopbackAddress = (name: string): boolean =>
  name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
