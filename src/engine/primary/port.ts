import { lookup } from 'node:dns/promises';
import { getSystemErrorName } from 'node:util';
import type { PortHandle } from '../link.ts';
import { createServerHandle } from '../net-parts.ts';

/** The port cannot be had; the message is the one line to show. */
export class PortError extends Error {
  readonly code = 'PORT_UNAVAILABLE';
  override readonly name = 'PortError';
}

export interface BoundPort {
  handle: PortHandle;
  /** The port in use, where 0 was asked. */
  port: number;
}

/**
 * Binds the port for the life of the primary, which lends it to workers and never accepts itself.
 * @throws {PortError} in use, not allowed, or no such address
 */
export async function bindPort(host: string, port: number, setting: string): Promise<BoundPort> {
  const { address, family } = await lookup(host).catch(() => {
    throw new PortError(
      `cannot listen on ${host}: no such address; set ${setting === 'PORT' ? 'HOST' : 'TAHAN_ADMIN_HOST'}`,
    );
  });
  const handle = createServerHandle(address, port, family === 6 ? 6 : 4);
  if (typeof handle === 'number') throw new PortError(portProblem(codeOf(handle), host, port, setting));
  const name: { port?: number } = {};
  // libuv keeps EADDRINUSE of bind() back until the handle is used; getsockname() brings it out.
  const code = handle.getsockname(name);
  if (code !== 0 || name.port === undefined) {
    handle.close();
    throw new PortError(portProblem(codeOf(code || -98), host, port, setting));
  }
  return { handle, port: name.port };
}

const codeOf = (errno: number): string => getSystemErrorName(errno);

/** One line that says what is wrong with a port and what to do. */
export function portProblem(code: string, host: string, port: number, setting: string): string {
  if (code === 'EADDRINUSE')
    return `port ${port} on ${host} is in use by another program; stop it, or set ${setting} to another port`;
  if (code === 'EACCES')
    return `port ${port} on ${host} is not allowed for this user; set ${setting} to a port above 1023`;
  return `cannot listen on ${host}:${port} (${code}); set ${setting}`;
}
