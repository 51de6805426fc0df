import { subscribe } from 'node:diagnostics_channel';
import { Server } from 'node:http';
import type net from 'node:net';
import { LISTEN_CHANNEL } from '../../net-parts.ts';
import type { App } from './app.ts';
import { muteHandle, type ShownAddress } from './mute-handle.ts';
import { serverApp } from './server-app.ts';

interface ListenMessage {
  server: net.Server;
  options: { port?: number | string | null; host?: string; path?: string | false; fd?: number; handle?: unknown };
}

/**
 * Whether a server listens on what is no port of its own, in the order in which node:net looks: a port wins over a path (SvelteKit's
 * server names a port and `path: false`).
 */
const isElsewhere = ({ port, path, fd, handle }: ListenMessage['options']): boolean =>
  (handle !== undefined && handle !== null) ||
  (typeof fd === 'number' && fd >= 0) ||
  ((port === undefined || port === null) && typeof path === 'string' && path !== '');

/** What node:net counts by itself; the runtime is pinned. */
interface ServerInside {
  _handle: unknown;
  _connections: number;
  _emitCloseIfDrained: () => void;
}

export interface TakeOptions {
  /** Where visitors arrive. */
  shown: ShownAddress;
  /** The port that was asked for: an app that listens on it means its visitors. */
  wantedPort: number;
  warn: (line: string) => void;
  /** The app has closed its server: it wants no more visitors. */
  onClose: () => void;
}

/**
 * Takes over the server with which an app listens: the app sees a server that listens, and the engine has the port. One
 * HTTP server is taken; other ports of the app are let through on loopback only, and Unix sockets are left alone.
 */
export class TakenServer {
  /** Resolves when a server is taken. */
  readonly first: Promise<void>;
  /** The listeners of the server that was taken; undefined: the app does not listen (yet). */
  app: App | undefined;
  private readonly options: TakeOptions;
  private readonly resolveFirst: () => void;
  private server: Server | undefined;
  /** The port that it asked for, 0 for any; undefined: none was taken. */
  port: number | undefined;
  /** An app may listen on one port at several addresses, with a server for each. */
  private readonly sisters = new Set<Server>();
  private closing = false;

  constructor(options: TakeOptions) {
    this.options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.first = promise;
    this.resolveFirst = resolve;
    // A handle that is set there is taken.
    subscribe(LISTEN_CHANNEL, this.onListen);
  }

  /** Visitors are gone: a server that was closed by the app tells so now, as it would under plain node. */
  release(): void {
    this.closing = true;
    for (const server of this.sisters) {
      const inside = server as unknown as ServerInside;
      inside._connections -= 1;
      inside._emitCloseIfDrained();
    }
    this.sisters.clear();
  }

  private readonly onListen = (message: unknown): void => {
    const { server, options } = message as ListenMessage;
    if (isElsewhere(options)) return;
    const port = Number(options.port ?? 0);
    if (!(server instanceof Server)) {
      this.letThrough(options, port, 'it does not speak HTTP without TLS');
      return;
    }
    if (this.server === undefined) this.take(server, options, port);
    else if (port === this.port && port !== 0) this.mute(server, options);
    else if (port === this.options.wantedPort && this.port !== this.options.wantedPort)
      this.prefer(server, options, port);
    else this.letThrough(options, port, `visitors are served by the server for port ${this.port}`);
  };

  private take(server: Server, options: ListenMessage['options'], port: number): void {
    this.server = server;
    this.app = serverApp(server);
    this.port = port;
    this.mute(server, options);
    const { shown, warn } = this.options;
    if (port !== 0 && port !== shown.port)
      warn(`the app asks for port ${port}; it is served on port ${shown.port}: set PORT to change that`);
    this.resolveFirst();
  }

  /** The app listens on the port that was asked for after another one: the other one was not for visitors. */
  private prefer(server: Server, options: ListenMessage['options'], port: number): void {
    const before = this.server!;
    const portBefore = this.port ?? 0;
    this.take(server, options, port);
    this.sisters.delete(before);
    const inside = before as unknown as ServerInside & { _handle: { close: () => void } };
    inside._connections -= 1;
    inside._handle.close();
    inside._handle = null as never;
    before.listen(portBefore);
  }

  private mute(server: Server, options: ListenMessage['options']): void {
    this.sisters.add(server);
    // As long as there are visitors, the server has somebody to wait for when it is closed.
    (server as unknown as ServerInside)._connections += 1;
    options.handle = muteHandle(this.options.shown, () => {
      if (!this.closing && server === this.server && this.sisters.has(server)) this.options.onClose();
    });
  }

  private letThrough(options: ListenMessage['options'], port: number, why: string): void {
    options.host = '127.0.0.1';
    this.options.warn(`the app also listens on port ${port}, which is open on 127.0.0.1 only: ${why}`);
  }
}
