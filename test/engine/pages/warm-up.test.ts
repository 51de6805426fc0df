import { describe, expect, test } from '@jest/globals';
import { makePage } from '../../../src/engine/cache/make-page.ts';
import type { Pages } from '../../../src/engine/pages/pages.ts';
import { warmUp } from '../../../src/engine/pages/warm-up.ts';
import { guarded, guardedPolicies } from '../../../src/engine/request/guarded.ts';
import { compileRoutes } from '../../../src/engine/routes.ts';

const CACHE = { ttlMs: 1_000 };
type FirstRender = Awaited<ReturnType<Pages['renderNow']>>;
const routes = compileRoutes([{ route: '/', cache: CACHE }]);
const page = makePage(
  '\n\n/',
  CACHE,
  {
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: Buffer.from('home'),
    renderStartedAt: Date.now(),
    renderMs: 1,
  },
  1_000,
  0.5,
);

async function warmed(
  renderNow: (key: string) => Promise<FirstRender>,
  path = '/',
): Promise<{ problem: string | null; warnings: string[]; rehearsed: number }> {
  const warnings: string[] = [];
  let rehearsed = 0;
  const problem = await warmUp({
    keys: ['en\n\n/', 'id\n\n/'],
    route: routes.match('GET', path),
    mainPage: '/',
    pages: {
      renderNow,
      rehearse: async () => {
        rehearsed += 1;
        if (rehearsed % 2 === 0) throw new Error('once in a while');
      },
    },
    warn: (line) => warnings.push(line),
  });
  return { problem, warnings, rehearsed };
}

describe('a worker warms up', () => {
  test('by the main page in each language, and some practice', async () => {
    const keys: string[] = [];
    const { problem, warnings, rehearsed } = await warmed(async (key) => {
      keys.push(key);
      return { status: 200, page };
    });
    expect({ problem, warnings, keys }).toEqual({ problem: null, warnings: [], keys: ['en\n\n/', 'id\n\n/'] });
    expect(rehearsed).toBeGreaterThan(1);
  });

  test('and says what is wrong with the main page', async () => {
    expect((await warmed(async () => ({ status: 500, page: undefined }))).problem).toBe(
      'the main page / was answered with 500',
    );
    expect((await warmed(() => Promise.reject(new Error('no disk')))).problem).toBe(
      'the main page / was not rendered: no disk',
    );
  });

  test('a main page that is not to be kept is no mistake, one that could not be kept is worth a line', async () => {
    const nothingKept = async (): Promise<FirstRender> => ({ status: 302, page: undefined });
    expect(await warmed(nothingKept, '/elsewhere')).toEqual({ problem: null, warnings: [], rehearsed: 0 });
    const { problem, warnings } = await warmed(nothingKept);
    expect(problem).toBeNull();
    expect(warnings[0]).toContain('the lifeboat has no copy of it');
  });
});

describe('small questions to the site', () => {
  test('that throw get the other answer, and are told', () => {
    const errors: unknown[] = [];
    const broken = guarded<[number], number>(
      () => {
        throw new Error('no');
      },
      -1,
      (error) => errors.push(error),
    );
    expect([
      broken(1),
      guarded(
        (n: number) => n + 1,
        -1,
        () => {},
      )(1),
      guarded<[], number>(undefined, 7, () => {})(),
    ]).toEqual([-1, 2, 7]);
    expect(errors).toHaveLength(1);
  });

  test('a request whose priority cannot be told is a low one', () => {
    const [own, fixed] = guardedPolicies(
      [
        {
          route: '/a',
          priority: () => {
            throw new Error('no');
          },
        },
        { route: '/b', priority: 'critical' },
      ],
      () => {},
    );
    const asked = { method: 'GET', url: '/a', headers: {} };
    expect(typeof own?.priority === 'function' && own.priority(asked)).toBe('low');
    expect(fixed?.priority).toBe('critical');
  });
});
