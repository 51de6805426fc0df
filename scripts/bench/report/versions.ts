import { readFileSync } from 'node:fs';

interface Manifest {
  version?: string;
  dependencies?: Record<string, string>;
}

const read = (path: string): Manifest =>
  JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')) as Manifest;

/** Servers that are Tahan or part of Node.js need no package. */
const OWN = /^(?:Tahan|node:|generator)/;

/** `Tahan 0.1.0`, and the packages behind the servers beside it where one of them was measured. */
export function versionsOf(servers: readonly string[]): string {
  const own = `Tahan ${read('package.json').version}`;
  if (servers.every((server) => OWN.test(server))) return own;
  const peers = Object.entries(read('bench/peers/package.json').dependencies ?? {});
  return [own, ...peers.map(([name, version]) => `${name} ${version}`)].join(', ');
}
