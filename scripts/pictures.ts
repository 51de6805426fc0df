import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { launch } from '../test/browser/chromium.ts';
import { type State, throughASurge } from './pictures/surge.ts';

const USAGE = `npm run pictures                  takes the pictures of the dashboard in docs/img anew
npm run pictures -- --all FOLDER  besides, the whole page in every state, in light and dark, 1280 and 390 pixels wide

A real server on free ports of loopback goes through a surge of two minutes, with a browser before it.
`;
const DOCS = fileURLToPath(new URL('../docs/img/', import.meta.url));
/** Space around a part of the page, px. */
const MARGIN = 16;

type Look = 'light' | 'dark';
type Width = 1_280 | 390;

async function open(browser: Browser, adminPort: number, colorScheme: Look, width: Width): Promise<Page> {
  const context = await browser.newContext({
    colorScheme,
    viewport: { width, height: 900 },
    locale: 'en-GB',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${adminPort}/ops`);
  await page.getByRole('button', { name: '5 min', exact: true }).click();
  return page;
}

/** What README and docs show of this state. */
async function forTheDocs(light: Page, dark: Page, state: State): Promise<void> {
  if (state === 'lifeboat') await light.screenshot({ path: join(DOCS, 'ops-lifeboat.png') });
  if (state !== 'saturated') return;
  await light.screenshot({ path: join(DOCS, 'ops-surge.png') });
  const clip = await fromTo(dark, '[data-panel="fleet"]', '#traffic-lists');
  await dark.screenshot({ path: join(DOCS, 'ops-fleet-traffic.png'), fullPage: true, clip });
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The part of the page from one element to another, over its whole width. */
async function fromTo(page: Page, first: string, last: string): Promise<Box> {
  const from = (await page.locator(first).boundingBox())!;
  const to = (await page.locator(last).boundingBox())!;
  const y = from.y - MARGIN;
  return { x: 0, y, width: page.viewportSize()!.width, height: to.y + to.height + MARGIN - y };
}

async function takePictures(browser: Browser, folder: string | undefined): Promise<void> {
  if (folder !== undefined) await mkdir(folder, { recursive: true });
  const pages = new Map<string, Page>();
  await throughASurge(
    folder === undefined ? 'lifeboat' : 'recovery',
    async (adminPort) => {
      for (const width of folder === undefined ? ([1_280] as const) : ([1_280, 390] as const))
        for (const look of ['light', 'dark'] as const)
          pages.set(`${width}-${look}`, await open(browser, adminPort, look, width));
    },
    async (state) => {
      await forTheDocs(pages.get('1280-light')!, pages.get('1280-dark')!, state);
      if (folder === undefined) return;
      for (const [name, page] of pages)
        await page.screenshot({ path: join(folder, `${state}-${name}.png`), fullPage: true });
    },
  );
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { all: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const browser = await launch();
  try {
    await takePictures(browser, values.all);
    return 0;
  } finally {
    await browser.close();
  }
}

process.exitCode = await main();
