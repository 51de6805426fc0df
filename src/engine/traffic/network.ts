import { isIP } from 'node:net';

/** The network that an address is in, which may be kept while the address is not: IPv4 /24, IPv6 /48; `other` for no address. */
export function networkOf(address: string): string {
  switch (isIP(address)) {
    case 4:
      return `${address.slice(0, address.lastIndexOf('.'))}.0/24`;
    case 6:
      return `${firstGroups(address)}::/48`;
    default:
      return 'other';
  }
}

/** The first three of the eight groups, in their shortest form. */
function firstGroups(address: string): string {
  const [zoneless = ''] = address.split('%');
  const [head = '', tail] = zoneless.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    // A dotted end stands for two groups.
    const length = after.length + (after.at(-1)?.includes('.') ? 1 : 0);
    const zeros = 8 - groups.length - length;
    for (let at = 0; at < zeros; at++) groups.push('0');
    groups.push(...after);
  }
  return groups
    .slice(0, 3)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
