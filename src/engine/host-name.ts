import { isIP } from 'node:net';

/** The name or address in a Host header, lower case, without port, brackets and the dot of the root; empty where there is none. */
export function hostNameOf(host: string | undefined): string {
  const [, address, name = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host ?? '') ?? [];
  return (address ?? name.replace(/\.$/, '')).toLowerCase();
}

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
