import { createReadStream } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import express from 'express';
import Koa from 'koa';
import { RenderError, render } from '../../../src/engine/pages/render.ts';
import type { Listener } from '../request/fixtures/worker.ts';

const TARGET = { url: '/page?a=1', host: 'example.org', language: 'id' };
const ask = (handler: Listener, target = TARGET) => render({ handler }, target, () => {});
const body = async (handler: Listener): Promise<string> => (await ask(handler)).body.toString();

describe('a render', () => {
  test('asks with what is in the key, and nothing else', async () => {
    let seen: unknown;
    await ask((request, response) => {
      seen = {
        method: request.method,
        url: request.url,
        headers: request.headers,
        peer: request.socket.remoteAddress,
        version: request.httpVersion,
      };
      response.end();
    });
    expect(seen).toEqual({
      method: 'GET',
      url: '/page?a=1',
      headers: { host: 'example.org', accept: '*/*', 'user-agent': 'tahan', 'accept-language': 'id' },
      peer: '192.0.2.1',
      version: '1.1',
    });
  });

  test('has a request body that is empty and ends', async () => {
    expect(
      await body(async (request, response) => {
        let chunks = 0;
        for await (const _ of request) chunks += 1;
        response.end(`${chunks} chunks`);
      }),
    ).toBe('0 chunks');
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['end alone', (response) => response.end('hello')],
    ['pieces', (response) => (response.write('hel') ? response.end('lo') : undefined)],
    [
      'buffers',
      (response) => (response.write(Buffer.from('hel')) ? response.end(new Uint8Array([108, 111])) : undefined),
    ],
    ['an encoding', (response) => response.end('68656c6c6f', 'hex')],
    ['a callback', (response) => response.write('hello', () => response.end())],
    ['a stream', (response) => void Readable.from(['hel', 'lo']).pipe(response)],
    ['a pipeline', (response) => void pipeline(Readable.from(['hel', 'lo']), response)],
    ['end twice', (response) => response.end('hello').end('again')],
  ])('takes a body by %s', async (_name, write) => {
    expect(await body((_request, response) => write(response))).toBe('hello');
  });

  test('tells the site when its answer is done', async () => {
    const events: string[] = [];
    await new Promise<void>((resolve) => {
      void ask((_request, response) => {
        response.on('finish', () => events.push('finish'));
        response.on('close', () => {
          events.push(`close ${response.writableEnded}`);
          resolve();
        });
        response.end('x', () => events.push('ended'));
      });
    });
    expect(events).toEqual(['ended', 'finish', 'close true']);
  });

  test('streams a file that is larger than a chunk', async () => {
    const path = fileURLToPath(new URL('../../../package-lock.json', import.meta.url));
    const { body: text } = await ask((_request, response) => void createReadStream(path).pipe(response));
    expect(JSON.parse(text.toString())).toHaveProperty('lockfileVersion');
    expect(text.length).toBeGreaterThan(65_536);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['an object', (response) => response.writeHead(301, { Location: '/b', 'X-N': 1 })],
    ['an object after a reason', (response) => response.writeHead(301, 'Gone there', { Location: '/b', 'X-N': 1 })],
    ['an object after no reason', (response) => response.writeHead(301, undefined, { Location: '/b', 'X-N': 1 })],
    ['a flat array', (response) => response.writeHead(301, ['Location', '/b', 'X-N', '1'])],
    [
      'an array of pairs',
      (response) =>
        response.writeHead(301, [
          ['Location', '/b'],
          ['X-N', '1'],
        ] as never),
    ],
    ['what was set before', (response) => response.setHeader('location', '/b').setHeader('x-n', 1).writeHead(301)],
    [
      'an override of it',
      (response) => response.setHeader('location', '/a').writeHead(301, { location: '/b', 'x-n': 1 }),
    ],
  ])('takes a head as %s', async (_name, write) => {
    const rendered = await ask((_request, response) => {
      write(response);
      response.end();
    });
    expect(rendered).toMatchObject({ status: 301, headers: { location: '/b', 'x-n': '1' } });
  });

  test('reads heads as node:http sends them, names given twice too', async () => {
    const listeners: Listener[] = [
      (_request, response) => response.writeHead(200, ['vary', 'cookie', 'vary', 'accept-encoding']).end(),
      (_request, response) => response.setHeader('vary', 'x').writeHead(200, ['vary', 'a', 'vary', 'b']).end(),
      (_request, response) => response.setHeader('cache-control', ['private', 'max-age=5']).end(),
      (_request, response) => response.appendHeader('vary', 'a').appendHeader('vary', 'b').end(),
    ];
    const server = createServer((request, response) => listeners[Number(request.url?.slice(1))]!(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      for (const [at, listener] of listeners.entries()) {
        const real = await fetch(`http://127.0.0.1:${port}/${at}`, { headers: { connection: 'close' } });
        const { headers } = await ask(listener);
        for (const name of ['vary', 'cache-control'])
          expect([at, name, [headers[name] ?? []].flat().join(', ')]).toEqual([at, name, real.headers.get(name) ?? '']);
      }
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('a render fails', () => {
  test.each<[string, Listener]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['destroys its answer', (_request, response) => response.destroy()],
    ['destroys it with an error', (_request, response) => response.writeHead(200).destroy(new Error('broken'))],
    ['gives no valid status', (_request, response) => response.writeHead(42)],
    ['gives no valid header', (_request, response) => response.setHeader('a', 'b\nc')],
    [
      'writes more than is held',
      async (_request, response) => {
        const mebibyte = Buffer.alloc(1_048_576);
        for (let n = 0; n < 17; n++) response.write(mebibyte);
        response.end();
      },
    ],
    [
      'pipes a stream that breaks',
      (_request, response) =>
        pipeline(
          new Readable({
            read() {
              this.destroy(new Error('broken'));
            },
          }),
          response,
        ),
    ],
  ])('when the listener %s', async (_name, listener) => {
    const failure = await ask(listener).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RenderError);
    expect(failure).toMatchObject({ code: 'RENDER_FAILED' });
    expect(String(failure)).toContain('/page?a=1');
  });

  test('is unmoved by what a listener does after its answer', async () => {
    expect(
      await body((_request, response) => {
        response.end('hello');
        response.flushHeaders();
        response.write('more');
        response.destroy();
        throw new Error('afterwards');
      }),
    ).toBe('hello');
  });
});

describe('a render through a framework', () => {
  test('of Koa: body, stream, redirect, error', async () => {
    const app = new Koa();
    app.silent = true;
    app.use((ctx) => {
      switch (ctx.path) {
        case '/json':
          ctx.body = { language: ctx.get('accept-language'), ip: ctx.ip };
          return;
        case '/stream':
          ctx.body = Readable.from(['a', 'b']);
          return;
        case '/redirect':
          ctx.redirect('/json');
          return;
        case '/error':
          throw new Error('broken');
      }
    });
    const handler = app.callback();
    const at = (url: string) => ask(handler, { ...TARGET, url });
    expect(JSON.parse((await at('/json')).body.toString())).toEqual({ language: 'id', ip: '192.0.2.1' });
    expect((await at('/stream')).body.toString()).toBe('ab');
    expect(await at('/redirect')).toMatchObject({ status: 302, headers: { location: '/json' } });
    expect((await at('/error')).status).toBe(500);
    expect((await at('/none')).status).toBe(404);
  });

  test('of Express: body, redirect, cookie, file, error', async () => {
    const app = express();
    app.set('env', 'test');
    app.get('/json', (request, response) => void response.json({ ip: request.ip, host: request.hostname }));
    app.get('/redirect', (_request, response) => response.redirect(303, '/json'));
    app.get('/cookie', (_request, response) => void response.cookie('a', 'b').cookie('c', 'd').send('hello'));
    app.get('/file', (_request, response) =>
      response.sendFile(fileURLToPath(new URL('../../../LICENSE', import.meta.url))),
    );
    app.get('/error', () => {
      throw new Error('broken');
    });
    const at = (url: string) => ask(app as unknown as Listener, { ...TARGET, url });
    expect(JSON.parse((await at('/json')).body.toString())).toEqual({ ip: '192.0.2.1', host: 'example.org' });
    expect(await at('/redirect')).toMatchObject({ status: 303, headers: { location: '/json' } });
    expect((await at('/cookie')).headers['set-cookie']).toHaveLength(2);
    expect((await at('/file')).body.toString()).toContain('MIT');
    expect((await at('/error')).status).toBe(500);
    expect((await at('/none')).status).toBe(404);
  });
});
