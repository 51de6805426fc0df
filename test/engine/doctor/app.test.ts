import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawnServer, TAHAN } from '../../cluster/server.ts';

// `tahan doctor FILE` on real apps.

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-doctored-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function doctor(name: string): Promise<{ code: number | null; output: string }> {
  const { exited, output } = spawnServer({}, { command: [TAHAN, 'doctor', join(folder, name)] });
  return { code: await exited, output: output() };
}

/** As much of express-session as is looked at. */
function installSessions(): void {
  const modules = join(folder, 'node_modules');
  const session = join(modules, 'express-session');
  mkdirSync(join(session, 'session'), { recursive: true });
  symlinkSync(here('../../../node_modules/express'), join(modules, 'express'));
  writeFileSync(join(session, 'package.json'), '{"version":"1.2.3","main":"index.js"}');
  writeFileSync(join(session, 'session/memory.js'), 'module.exports = class MemoryStore {};');
  writeFileSync(
    join(session, 'index.js'),
    `const Store = require('./session/memory.js');
module.exports = () => { const store = new Store(); return (request, response, next) => next(store && undefined); };`,
  );
}

test('of an Express app it tells the door, the pages, what holds the loop, and what a reload takes away', async () => {
  installSessions();
  copyFileSync(here('./files/shop.mjs'), join(folder, 'shop.mjs'));
  const { code, output } = await doctor('shop.mjs');
  expect(output).toMatch(/framework {2}Express 5\./);
  expect(output).toContain('it listens by itself (port 3000), and is taken over');
  expect(output).toMatch(/said +the app also listens on port 0, which is open on 127\.0\.0\.1 only/);
  expect(output).toMatch(/^\+ \/ .*the same twice, sets no cookie$/m);
  expect(output).toMatch(/^✓ \/news .*public, max-age=60/m);
  expect(output).toMatch(/^- \/basket .*it sets a cookie \(basket\)$/m);
  expect(output).toMatch(/^- \/time .*two answers to one request differ/m);
  expect(output).toMatch(/^- \/events .*a stream of events$/m);
  expect(output).toMatch(/^✗ \/broken .*it answers 500$/m);
  expect(output).not.toContain('/sign-out');
  expect(output).toMatch(/^✗ \d+ ms {2}price \(.*shop\.mjs:\d+\).*2 times, with \/slow$/m);
  expect(output).toMatch(/^✗ sessions are in memory/m);
  expect(output).toMatch(/^- open WebSockets are closed with code 1012/m);
  expect(output).toMatch(/^- a timer every 60 s \(.*shop\.mjs:\d+\)/m);
  // The timers are those of the app, not Tahan's own.
  expect(output.match(/a timer every/g)).toHaveLength(1);
  expect(code).toBe(1);
});

test('an app that does not start is told of with what it wrote, at once', async () => {
  writeFileSync(join(folder, 'app.cjs'), "throw new Error('no database');");
  const { code, output } = await doctor('app.cjs');
  expect(output).toMatch(/^tahan: the app does not start:/);
  expect(output).toContain('no database');
  expect(output).not.toContain('within 90 s');
  expect(code).toBe(1);
});
