import { afterEach, describe, expect, test } from '@jest/globals';
import { pathTag } from '../../../src/engine/cache/make-page.ts';
import { MAX_WAITING, type WriteAnswer, WrittenPages } from '../../../src/engine/pages/written-pages.ts';
import { compileRoutes } from '../../../src/engine/routes.ts';
import { startWorker, type TestWorker, until } from '../request/fixtures/worker.ts';

const routes = compileRoutes([
  { route: '/pages/*', methods: ['GET'], cache: { ttlMs: 60_000 } },
  { route: '/', methods: ['GET'], cache: { ttlMs: 60_000 } },
]);
const answer = (over: Partial<WriteAnswer>): WriteAnswer => ({
  method: 'POST',
  path: '/pages/a',
  host: 'example.org',
  status: 200,
  location: undefined,
  contentLocation: undefined,
  ...over,
});

/** The paths that are stale at once, and what the other processes are told; each telling ends when it is let. */
function recorded() {
  const stale: string[] = [];
  const told: (readonly string[])[] = [];
  const ends: (() => void)[] = [];
  const written = new WrittenPages({
    routes,
    memory: (tags) => stale.push(...tags.map((tag) => tag.replace('path ', ''))),
    purge(tags) {
      told.push(tags);
      return new Promise((resolve) => ends.push(resolve));
    },
  });
  return { written, stale, told, ends };
}

describe('a write makes stale (RFC 9111 section 4.4)', () => {
  test.each<[string, Partial<WriteAnswer>, string[]]>([
    ['the page at its address', {}, ['/pages/a']],
    ['the page at its address, with a redirect', { status: 303, location: '/' }, ['/pages/a']],
    ['the page at its address, by an unknown method', { method: 'PROPPATCH' }, ['/pages/a']],
    ['nothing, where it failed', { status: 400 }, []],
    ['nothing, where the site failed', { status: 503 }, []],
    ['nothing, where the method is safe', { method: 'OPTIONS' }, []],
    ['nothing, where no page is cached', { path: '/login' }, []],
    ['what it made', { path: '/new', status: 201, location: '/pages/b?x=1' }, ['/pages/b']],
    ['what it made, by a relative address', { path: '/pages/', status: 201, location: 'b' }, ['/pages/', '/pages/b']],
    ['what it answers with', { path: '/new', contentLocation: 'http://example.org/pages/c' }, ['/pages/c']],
    ['nothing of another host', { path: '/new', contentLocation: 'http://example.com/pages/c' }, []],
    ['nothing of another port', { path: '/new', contentLocation: 'http://example.org:81/pages/c' }, []],
    ['nothing of what is no address', { path: '/new', contentLocation: 'http://[' }, []],
    ['nothing else, where Host is none', { host: '[', contentLocation: '/pages/c' }, ['/pages/a']],
    ['not where to go on', { path: '/login', status: 302, location: '/' }, []],
  ])('%s', (_name, over, expected) => {
    const { written, stale, told } = recorded();
    written.note(answer(over));
    expect(stale).toEqual(expected);
    expect(told).toEqual(expected.length === 0 ? [] : [expected.map(pathTag)]);
  });
});

test('other processes are told of one write at once, then of all that came meanwhile, each once', async () => {
  const { written, stale, told, ends } = recorded();
  written.note(answer({}));
  for (const path of ['/pages/b', '/pages/c', '/pages/b']) written.note(answer({ path }));
  expect([stale.length, told.length]).toEqual([4, 1]);
  ends[0]!();
  await until(() => told.length === 2);
  expect(told[1]).toEqual([pathTag('/pages/b'), pathTag('/pages/c')]);
  ends[1]!();
  await Promise.resolve();
  await Promise.resolve();
  written.note(answer({ path: '/pages/d' }));
  expect(told[2]).toEqual([pathTag('/pages/d')]);
});

test('so many paths wait at most', async () => {
  const { written, told, ends } = recorded();
  written.note(answer({}));
  for (let n = 0; n <= MAX_WAITING; n++) written.note(answer({ path: `/pages/${n}` }));
  ends[0]!();
  await until(() => told.length === 2);
  expect(told[1]).toHaveLength(MAX_WAITING);
});

describe('a page that a visitor has written to', () => {
  let worker: TestWorker | undefined;
  afterEach(() => worker?.close());

  test('shows him what he wrote, and so it does to all', async () => {
    let text = 'old';
    worker = await startWorker({
      site: {
        handler(request, response) {
          if (request.method === 'POST') text = 'new';
          response.end(text);
        },
        policies: [{ route: '/*', cache: { ttlMs: 60_000, query: ['page'] } }],
      },
    });
    const { get, purges } = worker;
    const read = async () => [(await get('/a')).body, (await get('/a?page=2')).body, (await get('/b')).body];
    expect(await read()).toEqual(['old', 'old', 'old']);
    await get('/a?from=form', { method: 'POST' });
    await until(() => purges.length > 0);
    expect(await read()).toEqual(['new', 'new', 'old']);
    expect(purges).toEqual([[pathTag('/a')]]);
  });

  test('is passed to the site no longer', async () => {
    let head: Record<string, string> = { 'cache-control': 'private', 'cache-tag': 'news' };
    worker = await startWorker({
      site: {
        handler: (request, response) => {
          if (request.method === 'POST') head = {};
          response.writeHead(200, head).end('page');
        },
        policies: [{ route: '/*', cache: { ttlMs: 60_000 } }],
      },
    });
    const { get, lookups, purges } = worker;
    await get('/a');
    await get('/a', { method: 'POST' });
    await until(() => purges.length > 0);
    await get('/a');
    await get('/a');
    expect(lookups).toEqual(['miss', 'miss', 'fresh']);
  });
});
