import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import express from 'express';
import Koa from 'koa';
import { exportedApp } from '../../../../src/engine/worker/doors/exported-app.ts';

/** What the app that a module exports answers to GET /. */
async function answerOf(module: Record<string, unknown>): Promise<[string, number, string]> {
  const app = await exportedApp(module);
  if (app === undefined) throw new Error('no app was found');
  const server: Server = createServer((request, response) => void app.handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const body = await answer.text();
  server.closeAllConnections();
  server.close();
  return [app.kind, answer.status, body];
}

const listener = (_request: IncomingMessage, response: ServerResponse): unknown => response.end('here');
const inExpress = express().get('/', (_request, response) => void response.send('here'));
const inKoa = new Koa().use((context) => {
  context.body = 'here';
});
const fastify = {
  isReady: false,
  ready: () => {
    fastify.isReady = true;
    return Promise.resolve();
  },
  routing: (_request: IncomingMessage, response: ServerResponse) =>
    response.end(fastify.isReady ? 'here' : 'too early'),
};

test.each([
  ['a listener', { default: listener }, 'request listener'],
  ['module.exports = listener', { default: listener, 'module.exports': listener }, 'request listener'],
  ['exports.app of CommonJS', { default: { app: inExpress } }, 'Express or Connect'],
  ['exports.default of compiled TypeScript', { default: { __esModule: true, default: inKoa } }, 'Koa'],
  ['Express', { app: inExpress }, 'Express or Connect'],
  ['Koa', { default: inKoa }, 'Koa'],
  ['Fastify, once it is ready', { default: fastify }, 'Fastify'],
  ['a server that does not listen', { server: createServer(listener) }, 'http.Server'],
  ['fetch', { default: { fetch: () => new Response('here') } }, 'fetch(request)'],
  ['Nitro 2', { listener }, 'request listener'],
  ['Nitro 3', { middleware: listener, websocket: undefined }, 'request listener'],
  [
    'SvelteKit and Astro',
    { handler: (_request: IncomingMessage, response: ServerResponse, _next: () => void) => response.end('here') },
    'request listener',
  ],
])('%s is found and asked', async (_name, module, kind) => {
  expect(await answerOf(module)).toEqual([kind, 200, 'here']);
});

test('what a handler passes on is not found, and what it fails with is thrown', async () => {
  const passesOn = (_request: IncomingMessage, _response: ServerResponse, next: (error?: unknown) => void): void =>
    next();
  expect((await answerOf({ handler: passesOn }))[1]).toBe(404);
  const app = await exportedApp({
    handler: (_request: IncomingMessage, _response: ServerResponse, next: (error?: unknown) => void) => next('broken'),
  });
  await expect(app!.handler({} as IncomingMessage, {} as ServerResponse)).rejects.toThrow('broken');
});

test.each([
  ['nothing', {}],
  ['data', { default: { a: 1 }, app: 'text' }],
  ['a class', { default: class App {} }],
])('%s is no app', async (_name, module) => {
  expect(await exportedApp(module)).toBeUndefined();
});
