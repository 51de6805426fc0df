import type { IncomingMessage } from 'node:http';
import { type BlockList, isIP } from 'node:net';
import { isLoopbackAddress, isLoopbackHost } from './host-name.ts';

/** An IPv4-mapped address as IPv4. */
export const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);

/** Whether an address is in the list. */
export const isNamed = (named: BlockList, address: string): boolean => {
  const family = isIP(address);
  return family !== 0 && named.check(address, family === 6 ? 'ipv6' : 'ipv4');
};

/** The address of the socket's other end, IPv4-mapped addresses as IPv4. */
export function peerAddress(request: Pick<IncomingMessage, 'socket'>): string {
  return plain(request.socket?.remoteAddress ?? '');
}

/**
 * The visitor's address: the socket's peer, or behind a trusted proxy the nearest address of X-Forwarded-For
 * that is not itself a trusted proxy. What an untrusted peer claims is ignored.
 */
export function clientAddress(request: IncomingMessage, trusted: BlockList): string {
  const peer = peerAddress(request);
  const forwarded = request.headers['x-forwarded-for'];
  return typeof forwarded !== 'string' || !isNamed(trusted, peer) ? peer : forwardedAddress(peer, forwarded, trusted);
}

/** As `clientAddress`, of a peer that is trusted and what it says in X-Forwarded-For. */
export function forwardedAddress(peer: string, forwarded: string, trusted: BlockList): string {
  const hops = forwarded.split(',').map((hop) => plain(hop.trim()));
  let nearest = peer;
  for (let at = hops.length - 1; at >= 0; at--) {
    const hop = hops[at]!;
    if (isIP(hop) === 0) break;
    nearest = hop;
    if (!isNamed(trusted, hop)) break;
  }
  return nearest;
}

/** Whether the visitor's connection is TLS: told by a trusted proxy. */
export function isSecure(request: IncomingMessage, trusted: BlockList): boolean {
  return isNamed(trusted, peerAddress(request)) && request.headers['x-forwarded-proto'] === 'https';
}

/** Headers that proxies and content networks add, lower case; one of them means that many visitors may share the connection. */
export const PROXY_HEADERS: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'cdn-loop',
  'x-forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-original-forwarded-for',
  'forwarded-for',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-originating-ip',
  'x-proxyuser-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'cf-ray',
  'cf-visitor',
  'fastly-client-ip',
  'fly-client-ip',
  'do-connecting-ip',
  'x-appengine-user-ip',
  'x-azure-clientip',
  'x-azure-socketip',
  'x-envoy-external-address',
  'x-amz-cf-id',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
]);

/** Whether a proxy says that it passed the request on. */
export const comesByProxy = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  Object.keys(headers).some((name) => PROXY_HEADERS.has(name));

/**
 * A direct client on this machine: the peer and the name it asks for are loopback, and there is no sign of a proxy in
 * between. HTTP/1.0 is one: so speaks nginx to a server behind it where nothing else is set, and tells nothing of the
 * visitor.
 */
export function isDirectLoopback(request: IncomingMessage): boolean {
  return (
    isLoopbackAddress(peerAddress(request)) &&
    isLoopbackHost(request.headers.host) &&
    request.httpVersion !== '1.0' &&
    !comesByProxy(request)
  );
}
