import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { LeaseClient } from '../../../src/engine/pages/leases.ts';
import { held, pageFor } from '../cache/fixtures/page-of.ts';
import { startWorker, type TestWorker, until } from '../request/fixtures/worker.ts';

let worker: TestWorker | undefined;
afterEach(() => worker?.close());

const KEY = '\n\n/a';

/** A site with one page whose content has a version; each render waits until it is let on. */
class Edited {
  version = 'v1';
  status = 200;
  /** What each render read, in order. */
  readonly read: string[] = [];
  private readonly going: (() => void)[] = [];

  readonly handler = (_request: unknown, response: import('node:http').ServerResponse): void => {
    const { version, status } = this;
    this.read.push(version);
    this.going.push(() => response.writeHead(status, status === 200 ? { 'cache-tag': 'news' } : {}).end(version));
  };

  /** Lets the oldest render end. */
  finish(): void {
    this.going.shift()!();
  }
}

const LEASES: LeaseClient = { needed: false, ask: () => Promise.resolve(true), release: () => {} };

async function start(site: Edited, leases = LEASES): Promise<TestWorker> {
  worker = await startWorker({
    site: { handler: site.handler, policies: [{ route: '/*', cache: { ttlMs: 60_000, swrMs: 60_000 } }] },
    leases,
  });
  return worker;
}

/** The next ms of the clock that tells renders and purges apart. */
async function nextMs(): Promise<void> {
  const now = Date.now();
  await until(() => Date.now() > now + 1);
}

/** The content changes, and what shows it is purged. */
async function publish(site: Edited, { memory }: TestWorker, hard = false): Promise<void> {
  await nextMs();
  site.version = `v${Number(site.version.slice(1)) + 1}`;
  site.status = 200;
  memory.purge(['news'], hard, Date.now());
  await nextMs();
}

describe('a purge while a page is rendered', () => {
  test.each([
    ['soft', 200, false],
    ['hard', 200, true],
    ['of a page that was not there yet', 404, false],
  ])('(%s): those who come after it get the new content, by one new render', async (_name, status, hard) => {
    const site = new Edited();
    site.status = status;
    const server = await start(site);
    const before = server.get('/a');
    await until(() => site.read.length === 1);
    await publish(site, server, hard);
    const after = Array.from({ length: 4 }, () => server.get('/a'));
    await until(() => server.lookups.length === 5);
    site.finish();
    expect((await before).body).toBe('v1');
    await until(() => site.read.length === 2);
    // Whoever comes now waits for the new render too.
    after.push(server.get('/a'));
    await until(() => server.lookups.length === 6);
    site.finish();
    expect((await Promise.all(after)).map(({ status, body }) => [status, body])).toEqual(
      Array.from({ length: 5 }, () => [200, 'v2']),
    );
    expect(site.read).toEqual(['v1', 'v2']);
    expect((await server.get('/a')).headers['cache-status']).toMatch(/^tahan; hit; ttl/);
    expect(site.read).toHaveLength(2);
  });

  test('of something else changes nothing', async () => {
    const site = new Edited();
    const server = await start(site);
    const before = server.get('/a');
    await until(() => site.read.length === 1);
    await nextMs();
    server.memory.purge(['other'], true, Date.now());
    await nextMs();
    const after = server.get('/a');
    await until(() => server.lookups.length === 2);
    site.finish();
    expect([(await before).body, (await after).body]).toEqual(['v1', 'v1']);
    expect(site.read).toEqual(['v1']);
  });

  test('and one more while the new render is under way: each gets what is not older than its coming', async () => {
    const site = new Edited();
    const server = await start(site);
    const answers = [server.get('/a')];
    for (const renders of [1, 2, 3]) {
      await until(() => site.read.length === renders);
      if (renders === 3) break;
      await publish(site, server);
      answers.push(server.get('/a'));
      await until(() => server.lookups.length === renders + 1);
      site.finish();
    }
    site.finish();
    expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(['v1', 'v2', 'v3']);
  });

  test('those who wait for the new render have no more time than before', async () => {
    const site = new Edited();
    worker = await startWorker({
      site: { handler: site.handler, policies: [{ route: '/*', cache: { ttlMs: 60_000 } }] },
      deadlineMs: 300,
    });
    const server = worker;
    const before = server.get('/a');
    await until(() => site.read.length === 1);
    await publish(site, server);
    const after = server.get('/a');
    await until(() => server.lookups.length === 2);
    site.finish();
    expect((await before).body).toBe('v1');
    await until(() => site.read.length === 2);
    expect((await after).status).toBe(503);
    site.finish();
  });
});

describe('the copy of a page that is taken back while visitors wait for a new one', () => {
  test.each<[string, (response: ServerResponse) => void]>([
    ['fails', (response) => response.writeHead(500).end('broken')],
    ['is cut', (response) => response.destroy()],
  ])('is not given when the render %s', async (_name, end) => {
    let finish: (() => void) | undefined;
    worker = await startWorker({
      site: {
        handler: (_request, response) => {
          finish = () => end(response);
        },
        policies: [{ route: '/*', cache: { ttlMs: 60_000 } }],
      },
    });
    const bodies = { identity: Buffer.from('taken back') };
    worker.memory.set(pageFor(KEY, { tags: ['news'], renderStartedAt: Date.now() - 100, ttlMs: 1, swrMs: 0, bodies }));
    const answer = worker.get('/a');
    await until(() => finish !== undefined);
    worker.memory.purge(['news'], true, Date.now());
    finish!();
    const { status, body } = await answer;
    expect(status).toBeGreaterThanOrEqual(500);
    expect(body).not.toContain('taken back');
  });
});

describe('a page that is renewed after a purge', () => {
  test('is rendered once more when a render was under way that turns out older', async () => {
    const site = new Edited();
    const server = await start(site);
    const route = server.routes.match('GET', '/a');
    server.pages.refresh(KEY, route, 'early', 'background');
    await until(() => site.read.length === 1);
    await publish(site, server);
    server.pages.renew(KEY, route, 'normal');
    site.finish();
    await until(() => site.read.length === 2);
    site.finish();
    await until(() => held(server.memory, KEY)?.purged === false);
    expect((await server.get('/a')).body).toBe('v2');
    expect(site.read).toEqual(['v1', 'v2']);
  });

  test('is rendered once when that render is new enough, or none was under way', async () => {
    const site = new Edited();
    const server = await start(site);
    const route = server.routes.match('GET', '/a');
    await publish(site, server);
    server.pages.renew(KEY, route, 'normal');
    await until(() => site.read.length === 1);
    server.pages.renew(KEY, route, 'normal');
    site.finish();
    await until(() => server.dispatcher.inFlight === 0);
    expect([held(server.memory, KEY)?.purged, site.read]).toEqual([false, ['v2']]);
    // A purge of something else.
    server.pages.renew(KEY, route, 'normal');
    expect(server.dispatcher.queue.length).toBe(0);
  });
});

describe('a purge, with other workers', () => {
  test('whoever waits for the render of another worker does not get an older copy out of the store', async () => {
    const site = new Edited();
    const asked = Promise.withResolvers<boolean>();
    const server = await start(site, { ...LEASES, needed: true, ask: () => asked.promise });
    const renderStartedAt = Date.now();
    await publish(site, server);
    const after = server.get('/a');
    await until(() => server.lookups.length === 1);
    // The other worker had begun before the purge, and put its page into the store without knowing of it.
    const bodies = { identity: Buffer.from('v1') };
    server.store.set(KEY, pageFor(KEY, { tags: ['news'], renderStartedAt, ttlMs: 60_000, bodies }));
    asked.resolve(false);
    await until(() => site.read.length === 1);
    site.finish();
    expect((await after).body).toBe('v2');
  });

  test('a render that turns out older is told to those who wait for it as one without a copy', async () => {
    const site = new Edited();
    const released: string[] = [];
    const server = await start(site, {
      needed: true,
      ask: () => Promise.resolve(true),
      release: (_key, stored) => released.push(String(stored)),
    });
    const before = server.get('/a');
    await until(() => site.read.length === 1);
    await publish(site, server);
    const after = server.get('/a');
    await until(() => server.lookups.length === 2);
    site.finish();
    expect((await before).body).toBe('v1');
    await until(() => site.read.length === 2);
    expect(released).toEqual(['false']);
    site.finish();
    expect((await after).body).toBe('v2');
    await until(() => released.length === 2);
    expect(released).toEqual(['false', 'true']);
  });
});
