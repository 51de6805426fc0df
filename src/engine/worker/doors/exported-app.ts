import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import type { App } from './app.ts';
import { fetchListener } from './fetch-listener.ts';
import { serverApp } from './server-app.ts';

/** The names under which frameworks export their app, in the order in which they are looked for. */
const NAMES = ['default', 'app', 'server', 'handler', 'listener', 'middleware'] as const;

/** The app that a module exports; undefined: none. A CommonJS module's `module.exports` is its default. */
export async function exportedApp(module: Record<string, unknown>): Promise<App | undefined> {
  for (const name of NAMES) {
    const found = await appOf(module[name]);
    if (found !== undefined) return found;
  }
  // `module.exports = { app }`, or TypeScript's `exports.default`.
  const standard = module.default;
  if (typeof standard !== 'object' || standard === null) return undefined;
  for (const name of NAMES) {
    const found = await appOf((standard as Record<string, unknown>)[name]);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Methods = Record<string, ((...given: never[]) => unknown) | undefined>;

/** What makes a value an app, by the members that each framework documents. */
async function appOf(value: unknown): Promise<App | undefined> {
  if (value instanceof Server) return value.listening ? undefined : serverApp(value);
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  const app = value as Methods & { server?: unknown };
  const has = (...names: string[]): boolean => names.every((name) => typeof app[name] === 'function');
  if (has('callback', 'use')) return { kind: 'Koa', handler: app.callback!() as App['handler'] };
  if (has('routing', 'ready')) {
    await app.ready!();
    const { routing, server } = app as unknown as { routing: App['handler']; server?: unknown };
    const upgrade = server instanceof Server ? serverApp(server).upgrade : undefined;
    return { kind: 'Fastify', handler: routing, ...(upgrade === undefined ? {} : { upgrade }) };
  }
  if (has('handle', 'use') && typeof value === 'function')
    return { kind: 'Express or Connect', handler: value as App['handler'] };
  if (has('fetch')) return { kind: 'fetch(request)', handler: fetchListener(app as never) };
  if (typeof value !== 'function' || isClass(value)) return undefined;
  return { kind: 'request listener', handler: value.length > 2 ? withNext(value as Middleware) : (value as never) };
}

const isClass = (value: unknown): boolean => /^class\b/.test(Function.prototype.toString.call(value));

type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => unknown;

/** A handler that passes on what is not its own (SvelteKit, Astro): behind it there is nobody. */
const withNext =
  (middleware: Middleware): App['handler'] =>
  (request, response) =>
    new Promise<void>((resolve, reject) => {
      const next = (error?: unknown): void => {
        if (error !== undefined && error !== null) {
          reject(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('Not found\n');
        resolve();
      };
      Promise.resolve(middleware(request, response, next)).then(() => resolve(), reject);
    });
