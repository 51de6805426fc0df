import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, BlockList } from 'node:net';
import { expect, test } from '@jest/globals';
import Koa from 'koa';
import { type TahanContext, tahan } from '../../src/engine/koa.ts';
import { SiteRequestInfo } from '../../src/engine/request-info.ts';

test('ctx.tahan is what the engine knows of a request, and undefined under plain node', async () => {
  const app = new Koa<Koa.DefaultState, TahanContext>();
  app.use(tahan());
  app.use((context) => {
    context.body = String(context.tahan?.priority);
  });
  const listener = app.callback();
  const server = createServer((request, response) => {
    if (request.url === '/engine') new SiteRequestInfo(request, 'critical', 0, {} as BlockList);
    void listener(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ask = async (path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)).text();
  try {
    expect([await ask('/engine'), await ask('/plain')]).toEqual(['critical', 'undefined']);
  } finally {
    server.close();
  }
});
