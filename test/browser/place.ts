import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import {
  type Answer,
  eventually,
  NODE,
  startServer,
  stopAll,
  TEST_ENV,
  type TestServer,
  untilServing,
} from '../cluster/server.ts';
import { launch, watch } from './chromium.ts';

export const PASSWORD = 'a long sentence for the test';
export const NARROW = { viewport: { width: 390, height: 844 } } as const;

const USER_SCRIPT = fileURLToPath(new URL('../../scripts/user.ts', import.meta.url));
const WORKERS = 2;

/** A machine that is busy with other tests may refuse a form, which the page's script then sends again. */
const REFUSED = /status of 503/;

export interface Visit {
  page: Page;
  context: BrowserContext;
}

/** The real server with two workers, and a browser, for the tests of one file. */
export interface Place {
  readonly server: TestServer;
  readonly origin: string;
  /**
   * A visit with cookies of its own. Whatever its pages complain about fails the test, but for `expected`: patterns of
   * what they must complain about, such as the console's line on an answer of 404.
   */
  visit: (
    work: (visit: Visit) => Promise<void>,
    options?: BrowserContextOptions,
    expected?: readonly RegExp[],
    /** What they may complain about. */
    tolerated?: readonly RegExp[],
  ) => Promise<void>;
  /** `npm run user` with these arguments, as an operator would. */
  user: (...args: string[]) => Promise<void>;
  register: (page: Page, name: string) => Promise<void>;
  signIn: (page: Page, name: string, password?: string) => Promise<void>;
  /** Asks as an anonymous visitor, each time on a new connection, until every worker has answered; all answers. */
  fromEachWorker: (path: string) => Promise<Answer[]>;
}

/** Opens the place before the first test of the file, and ends all of it after the last. */
export function usePlace(): Place {
  let server: TestServer | undefined;
  let browser: Browser | undefined;
  const opened = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('the place opens before the first test, not while the file is read');
    return part;
  };

  beforeAll(async () => {
    // One after the other: what has started is known to the hook that ends it, whatever fails next.
    server = await startServer({
      TAHAN_WORKERS_MIN: String(WORKERS),
      TAHAN_WORKERS_MAX: String(WORKERS),
      TAHAN_LAB: '1',
      // What a page asks for is asked of the server (offline.test.ts has the service worker).
      TAHAN_OFFLINE: '0',
      // These tests are about pages: on a busy machine no gate, deadline or lifeboat is to give another one instead.
      TAHAN_DEADLINE_MS: '20000',
      TAHAN_SILENT_MS: '5000',
      TAHAN_GATE_CRITICAL_MS: '20000',
      TAHAN_GATE_NORMAL_MS: '20000',
      TAHAN_GATE_LOW_MS: '20000',
    });
    browser = await launch();
    await untilServing(server, WORKERS);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await stopAll();
  }, 60_000);

  const place: Place = {
    get server() {
      return opened(server);
    },
    get origin() {
      return `http://127.0.0.1:${place.server.port}`;
    },
    async visit(work, options = {}, expected = [], tolerated = [REFUSED]) {
      const context = await opened(browser).newContext({ baseURL: place.origin, ...options });
      try {
        const complaints = await watch(context);
        await work({ page: await context.newPage(), context });
        expect(
          complaints.filter((complaint) => ![...expected, ...tolerated].some((one) => one.test(complaint))),
        ).toEqual([]);
        for (const pattern of expected) expect(complaints).toContainEqual(expect.stringMatching(pattern));
      } finally {
        await context.close();
      }
    },
    async user(...args) {
      const child = spawn(NODE, [USER_SCRIPT, ...args], {
        env: { ...TEST_ENV, TAHAN_DATA_DIR: place.server.dataDir },
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      child.stdin.end(`${PASSWORD}\n`);
      expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
    },
    async register(page, name) {
      await page.goto('/register');
      await page.getByLabel('Name', { exact: true }).fill(name);
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('main').getByRole('button', { name: 'Join' }).click();
      await page.waitForURL('/dashboard');
    },
    async signIn(page, name, password = PASSWORD) {
      await page.goto('/login');
      await page.getByLabel('Name', { exact: true }).fill(name);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
      await page.waitForURL('/dashboard');
    },
    async fromEachWorker(path) {
      const answers: Answer[] = [];
      await eventually(
        async () => {
          const answer = await place.server.get(path);
          // Refused: neither old nor new.
          if (answer.status !== 503) answers.push(answer);
          return new Set(answers.map(({ headers }) => headers['x-tahan-process'])).size;
        },
        (workers) => workers === WORKERS,
      );
      return answers;
    },
  };
  return place;
}
