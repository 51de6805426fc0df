import type { IncomingMessage } from 'node:http';
import { BlockList } from 'node:net';
import { isNamed, peerAddress } from '../client.ts';

/** Addresses that are no visitor's on the internet (RFC 1918, RFC 4193, loopback): they may stand in a log. */
const OWN_NETWORK = new BlockList();
for (const [address, bits, family] of [
  ['127.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['::1', 128, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
] as const)
  OWN_NETWORK.addSubnet(address, bits, family);

const MEANING =
  'its visitors all count as one, and so limits (of sign-ins, say) hold for all of them together. Set TAHAN_TRUSTED_PROXIES';

/** Warns once, in words, of a proxy that passes visitors on and is not named as trusted. */
export function watchForProxies(
  trusted: BlockList,
  warn: (line: string) => void,
): (request: Pick<IncomingMessage, 'headers' | 'socket'>) => void {
  let warned = false;
  return (request) => {
    if (warned || request.headers['x-forwarded-for'] === undefined) return;
    const peer = peerAddress(request);
    if (isNamed(trusted, peer)) return;
    warned = true;
    warn(
      isNamed(OWN_NETWORK, peer)
        ? `X-Forwarded-For comes from ${peer}, a proxy that is not named: ${MEANING}=${peer}`
        : `X-Forwarded-For comes from an address that is not named; if that is your proxy, ${MEANING} to its address`,
    );
  };
}
