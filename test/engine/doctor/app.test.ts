import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { spawnServer, TAHAN } from '../../cluster/server.ts';

// `tahan doctor FILE` on real apps.

const fileAt = (name: string): string => fileURLToPath(new URL(`./files/${name}`, import.meta.url));

async function doctor(file: string): Promise<{ code: number | null; output: string }> {
  const { exited, output } = spawnServer({}, { command: [TAHAN, 'doctor', file] });
  return { code: await exited, output: output() };
}

test('of an Express app it tells the door, the pages, what holds the loop, and what a reload takes away', async () => {
  const { code, output } = await doctor(fileAt('shop.mjs'));
  expect(output).toMatch(/framework {2}Express 5\./);
  expect(output).toContain('it listens by itself (port 3000), and is taken over');
  expect(output).toMatch(/^\+ \/ .*the same twice, sets no cookie$/m);
  expect(output).toMatch(/^✓ \/news .*public, max-age=60/m);
  expect(output).toMatch(/^- \/basket .*it sets a cookie \(basket\)$/m);
  expect(output).toMatch(/^- \/time .*two answers to one request differ/m);
  expect(output).toMatch(/^- \/events .*a stream of events$/m);
  expect(output).toMatch(/^✗ \/broken .*it answers 500$/m);
  expect(output).not.toContain('/sign-out');
  expect(output).toMatch(/^✗ \d+ ms {2}price \(.*shop\.mjs:\d+\).*2 times, with \/slow$/m);
  expect(output).toMatch(/^- a timer every 60 s \(.*shop\.mjs:\d+\)/m);
  expect(output).not.toContain('WebSockets');
  // The timers are those of the app, not Tahan's own.
  expect(output.match(/a timer every/g)).toHaveLength(1);
  expect(code).toBe(1);
}, 90_000);

test('of an app that exports itself and keeps nothing it tells that nothing hurts', async () => {
  const { code, output } = await doctor(fileAt('well.cjs'));
  expect(output).toContain('it exports its app (Express or Connect)');
  expect(output).toMatch(/Nothing of this app will hurt in a surge, as far as it was asked\.\n$/);
  expect(code).toBe(0);
}, 90_000);

test('sessions of express-session in memory, and a second port, are named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tahan-doctored-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'express-session/session'), { recursive: true });
  symlinkSync(fileURLToPath(new URL('../../../node_modules/express', import.meta.url)), join(modules, 'express'));
  writeFileSync(join(modules, 'express-session/package.json'), '{"version":"1.2.3","main":"index.js"}');
  writeFileSync(join(modules, 'express-session/session/memory.js'), 'module.exports = class MemoryStore {};');
  writeFileSync(
    join(modules, 'express-session/index.js'),
    "const Store = require('./session/memory.js'); module.exports = () => { const store = new Store(); return (q, r, next) => next(store); };",
  );
  writeFileSync(
    join(folder, 'app.cjs'),
    `const http = require('node:http');
const session = require('express-session')();
const server = http.createServer((q, r) => session(q, r, () => r.end('members')));
server.on('upgrade', (q, socket) => socket.destroy());
server.listen(3000);
http.createServer((q, r) => r.end('inside')).listen(0);
`,
  );
  const { code, output } = await doctor(join(folder, 'app.cjs'));
  rmSync(folder, { recursive: true });
  expect(output).toMatch(/^✗ sessions are in memory/m);
  expect(output).toMatch(/said +the app also listens on port 0, which is open on 127\.0\.0\.1 only/);
  expect(output).toMatch(/^- open WebSockets are closed with code 1012/m);
  expect(code).toBe(1);
}, 90_000);

test('an app that does not start is told of with what it wrote', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tahan-doctored-'));
  writeFileSync(join(folder, 'app.cjs'), "throw new Error('no database');");
  const { code, output } = await doctor(join(folder, 'app.cjs'));
  rmSync(folder, { recursive: true });
  expect(output).toMatch(/^tahan: the app does not start:/);
  expect(output).toContain('no database');
  expect(code).toBe(1);
}, 90_000);
