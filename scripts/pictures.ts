import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { launch } from '../test/browser/chromium.ts';
import { type State, throughASurge } from './pictures/surge.ts';

const USAGE = `npm run pictures                  the pictures of the dashboard in docs/img, anew
npm run pictures -- --all FOLDER  the whole page in every state, in light and dark, 1280 and 390 pixels wide

A real server on free ports of loopback goes through a surge of two and a half minutes, with a browser before it.
`;

interface Look {
  colorScheme: 'light' | 'dark';
  width: number;
}
const LOOKS: readonly Look[] = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [1_280, 390].map((width) => ({ colorScheme, width })),
);
const FOLDER = fileURLToPath(new URL('../docs/img/', import.meta.url));
/** Space around a part of the page, px. */
const MARGIN = 16;

async function open(browser: Browser, adminPort: number, { colorScheme, width }: Look): Promise<Page> {
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

async function everyLook(browser: Browser, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  let pages: { page: Page; look: Look }[] = [];
  await throughASurge(
    async (adminPort) => {
      pages = await Promise.all(LOOKS.map(async (look) => ({ page: await open(browser, adminPort, look), look })));
    },
    async (state: State) => {
      for (const { page, look } of pages)
        await page.screenshot({
          path: join(folder, `${state}-${look.width}-${look.colorScheme}.png`),
          fullPage: true,
        });
    },
  );
}

/** What README and docs show. */
async function forTheDocs(browser: Browser): Promise<void> {
  let light: Page | undefined;
  let dark: Page | undefined;
  await throughASurge(
    async (adminPort) => {
      light = await open(browser, adminPort, { colorScheme: 'light', width: 1_280 });
      dark = await open(browser, adminPort, { colorScheme: 'dark', width: 1_280 });
    },
    async (state: State) => {
      if (state === 'lifeboat') await light!.screenshot({ path: join(FOLDER, 'ops-lifeboat.png') });
      if (state !== 'saturated') return;
      await light!.screenshot({ path: join(FOLDER, 'ops-surge.png') });
      const clip = await fromTo(dark!, '[data-panel="fleet"]', '#traffic-lists');
      await dark!.screenshot({ path: join(FOLDER, 'ops-fleet-traffic.png'), fullPage: true, clip });
    },
  );
}

/** The part of the page from one element to another, over its whole width. */
async function fromTo(
  page: Page,
  first: string,
  last: string,
): Promise<{ x: number; y: number; width: number; height: number }> {
  await page.evaluate('scrollTo(0, 0)');
  const from = (await page.locator(first).boundingBox())!;
  const to = (await page.locator(last).boundingBox())!;
  const y = from.y - MARGIN;
  return { x: 0, y, width: page.viewportSize()!.width, height: to.y + to.height + MARGIN - y };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { all: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const browser = await launch();
  try {
    if (values.all !== undefined) await everyLook(browser, values.all);
    else await forTheDocs(browser);
    return 0;
  } finally {
    await browser.close();
  }
}

process.exitCode = await main();
