import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { Door } from '../../src/engine/room/door.ts';
import { WaitingPages } from '../../src/engine/room/page.ts';
import { STANDARD_TEMPLATE } from '../../src/engine/room/standard-template.ts';
import { readTemplate } from '../../src/engine/room/template.ts';
import { TicketOffice } from '../../src/engine/room/ticket.ts';
import { launch } from './chromium.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
let browser: Browser;
let server: Server;
let origin = '';
let called = 0;
const door = new Door({
  office: new TicketOffice('a secret of the tests, long enough'),
  pages: new WaitingPages({
    siteName: 'Pasar Pagi',
    template: readTemplate(STANDARD_TEMPLATE, 'standard'),
    extraHeaders: [],
  }),
  secure: false,
  dryRun: false,
  auto: true,
  count: () => {},
  now: Date.now,
  random: Math.random,
});

/** 1,234 before whoever comes now, and 46 a second go in. */
const state = (hold = false): void =>
  door.setState({
    rooms: [
      {
        name: 'site',
        open: false,
        ratePerS: 9,
        spread: 0.2,
        leavesPerS: 0,
        lines: {
          m: { called: 0, points: [] },
          n: {
            called,
            points: [
              [1, 0],
              [Date.now() - 10_000, 1_234],
            ],
          },
        },
      },
    ],
    spent: [],
    hold: hold ? { startAt: Date.now() + 150_000, windowMs: 300_000, pages: [] } : null,
  });

beforeAll(async () => {
  server = createServer((request, response) => {
    const verdict = door.look({
      room: 'site',
      path: '/',
      cookie: request.headers.cookie,
      member: false,
      json: false,
      language: () => (request.headers['accept-language']?.startsWith('id') ? 'id' : 'en'),
    });
    if (verdict.kind === 'wait') {
      // For a long look the page stays as it is.
      const head = [...verdict.answer.head];
      if (request.url === '/still') head.splice(head.indexOf('refresh'), 2);
      response.writeHead(503, head).end(verdict.answer.body);
    } else if (verdict.kind === 'near')
      response
        .writeHead(200, { 'content-type': 'text/html', 'set-cookie': door.entered(verdict.ticket) })
        .end('<title>In</title><h1>What was asked for</h1>');
    else response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Through</h1>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launch();
}, 60_000);

afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

test.each([
  ['en', 'light', 'You are in line'],
  ['id', 'dark', 'Anda sudah dalam antrean'],
] as const)(
  'from the line to the page that was asked for, without a click (%s, %s)',
  async (locale, colorScheme, heading) => {
    called = 0;
    state();
    const context = await browser.newContext({
      locale,
      colorScheme,
      viewport: { width: 390, height: 844 },
      bypassCSP: true,
    });
    const page = await context.newPage();
    await page.goto(`${origin}/still`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(heading);
    // The digits as the language groups them.
    expect(await page.locator('dd').first().textContent()).toContain(locale === 'id' ? '1.235' : '1,235');
    expect(await page.locator('html').getAttribute('lang')).toBe(locale);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wide).toBe(0);
    const shots = process.env.ROOM_SHOTS;
    if (shots !== undefined) {
      mkdirSync(shots, { recursive: true });
      await page.screenshot({ path: `${shots}/room-${locale}-${colorScheme}.png` });
    }
    await page.addScriptTag({ path: AXE });
    const violations = await page.evaluate(async () => {
      const { axe } = window as unknown as { axe: { run: () => Promise<{ violations: { id: string }[] }> } };
      return (await axe.run()).violations.map(({ id }) => id);
    });
    expect(violations).toEqual([]);
    await page.goto(`${origin}/asked?for=this`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(heading);
    called = Date.now() + 60_000;
    state();
    await page.getByRole('heading', { name: 'What was asked for' }).waitFor({ timeout: 15_000 });
    expect(page.url()).toBe(`${origin}/asked?for=this`);
    expect((await context.cookies()).map(({ name }) => name)).toEqual(['tahan_pass']);
    await context.close();
  },
);

test('its style passes its own policy, and before an event it counts down', async () => {
  called = 0;
  state(true);
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('console', (line) => {
    if (line.type() === 'error' && !line.text().includes('503')) errors.push(line.text());
  });
  await page.goto(origin);
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('It begins soon');
  expect(await page.locator('dd').last().textContent()).toMatch(/^\d to \d minutes$|^about \d minutes$/);
  expect(await page.evaluate(() => getComputedStyle(document.body).display)).toBe('grid');
  const shots = process.env.ROOM_SHOTS;
  if (shots !== undefined) await page.screenshot({ path: `${shots}/room-before.png` });
  expect(errors.filter((line) => !line.includes('favicon'))).toEqual([]);
  await page.close();
});
