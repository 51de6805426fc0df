import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { createSiteParts, type SiteParts } from '../../../src/engine/features/site-parts.ts';
import type { Site } from '../../../src/engine/site.ts';
import { startWorker, type TestWorker, type WorkerOptions } from '../request/fixtures/worker.ts';

let worker: TestWorker | undefined;
let parts: SiteParts;
afterEach(async () => {
  await worker?.close();
  worker = undefined;
});

const start = async (make: (parts: SiteParts) => Site, options: Partial<WorkerOptions> = {}): Promise<TestWorker> => {
  parts = createSiteParts();
  worker = await startWorker({ site: make(parts), parts, ...options });
  return worker;
};

/** Two routes of two features, in Express; `shop` does as it is told. */
const twoParts = (shop: (response: ServerResponse) => unknown): Site => {
  const app = express();
  app.get('/shop', (_request, response) => shop(response));
  app.get('/news', (_request, response) => void response.send('news'));
  app.use(((_error: unknown, _request: unknown, response: express.Response, _next: unknown) => {
    response.status(500).send('failed');
  }) as express.ErrorRequestHandler);
  return {
    handler: app,
    policies: [
      { route: '/shop', feature: 'shop' },
      { route: '/news', feature: 'news' },
    ],
  };
};
const statuses = (path: string, times: number): Promise<number[]> =>
  Promise.all(Array.from({ length: times }, async () => (await worker!.get(path)).status));

describe('a route of a feature, in an Express app', () => {
  test('that fails is told so at once, and the other features stay 100 % good', async () => {
    let asked = 0;
    await start(() =>
      twoParts(() => {
        asked += 1;
        throw new Error('the shop is broken');
      }),
    );
    for (let time = 0; time < 5; time++) expect((await worker!.get('/shop')).status).toBe(500);
    const down = await worker!.get('/shop', { headers: { accept: 'application/json' } });
    expect([down.status, down.headers['retry-after'], JSON.parse(down.body).error]).toEqual([
      503,
      '3',
      expect.objectContaining({ code: 'FEATURE_DOWN', feature: 'shop' }),
    ]);
    expect((await worker!.get('/shop')).body).toContain('taking a break');
    expect(asked).toBe(5);
    expect(parts.health()).toEqual({ shop: 'down', news: 'ok' });
    expect(new Set(await statuses('/news', 20))).toEqual(new Set([200]));
  });

  test('that hangs is given up after its time, and others are not held up by it', async () => {
    await start((made) => {
      made.feature('shop', { deadlineMs: 50 });
      return twoParts(() => {});
    });
    const [shop, news] = await Promise.all([statuses('/shop', 5), statuses('/news', 20)]);
    expect([new Set(shop), new Set(news)]).toEqual([new Set([503]), new Set([200])]);
    expect(parts.health().shop).toBe('down');
  });

  test('that is slower than its request’s deadline is to blame', async () => {
    await start(() => twoParts(() => {}), { deadlineMs: 60 });
    await statuses('/shop', 5);
    expect(parts.health().shop).toBe('down');
  });

  test('is not to blame for its own 503, nor for 404s', async () => {
    await start(() => twoParts((response) => response.writeHead(503).end()));
    await statuses('/shop', 8);
    await statuses('/news', 1);
    expect(parts.health()).toEqual({ shop: 'ok', news: 'ok' });
  });

  test('has its fallback answer while it is down', async () => {
    await start((made) => {
      made.feature('shop', { fallback: (_request, response) => response.end('the shop is closed') });
      return twoParts((response) => response.writeHead(500).end());
    });
    await statuses('/shop', 5);
    const answer = await worker!.get('/shop');
    expect([answer.status, answer.body, answer.headers['cache-control']]).toEqual([
      200,
      'the shop is closed',
      'no-store',
    ]);
  });

  test('that is a public page shows its last good page while it is down', async () => {
    let broken = false;
    await start(() => ({
      handler(_request, response) {
        if (broken) throw new Error('broken');
        response.end('good');
      },
      policies: [{ route: '/', feature: 'home', cache: { ttlMs: 1, sieMs: 60_000 } }],
    }));
    expect((await worker!.get('/')).body).toBe('good');
    expect((await worker!.get('/')).body).toBe('good');
    await wait(10);
    broken = true;
    for (let time = 0; time < 8; time++) {
      const { status, body } = await worker!.get('/');
      expect([status, body]).toEqual([200, 'good']);
    }
  });

  test('has no more under way than its share', async () => {
    let answer = (): void => {};
    await start((made) => {
      made.connect({ asyncLimit: 4, countFeature: () => {}, countFetch: () => {} });
      made.feature('shop', { share: 0.25 });
      return twoParts((response) => {
        answer = () => response.end('sold');
      });
    });
    const first = worker!.get('/shop');
    await wait(50);
    expect((await worker!.get('/shop')).status).toBe(503);
    answer();
    expect((await first).status).toBe(200);
    expect(parts.health().shop).toBe('ok');
  });

  test('that is tried again is tried by one request only', async () => {
    let asked = 0;
    let answer: (() => void) | undefined;
    await start(() =>
      twoParts((response) => {
        asked += 1;
        if (asked <= 5) response.writeHead(500).end();
        else answer = () => response.end('back');
      }),
    );
    for (let time = 0; time < 5; time++) await worker!.get('/shop');
    await wait(1_050);
    const probe = worker!.get('/shop');
    await wait(50);
    expect(await statuses('/shop', 5)).toEqual([503, 503, 503, 503, 503]);
    expect(asked).toBe(6);
    answer!();
    expect((await probe).body).toBe('back');
    expect(parts.engineFeature('shop').isDown()).toBe(false);
  });
});
