import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawnServer, TAHAN } from '../cluster/server.ts';

// `tahan doctor FILE` on apps that are written here.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-doctored-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function doctor(app: string): Promise<{ code: number | null; output: string }> {
  writeFileSync(join(folder, 'app.cjs'), app);
  const { exited, output } = spawnServer({}, { command: [TAHAN, 'doctor', join(folder, 'app.cjs')] });
  return { code: await exited, output: output() };
}

test('sessions of express-session in memory, a second port and WebSockets are named', async () => {
  // As much of express-session as is looked at.
  const session = join(folder, 'node_modules/express-session');
  mkdirSync(join(session, 'session'), { recursive: true });
  writeFileSync(join(session, 'package.json'), '{"version":"1.2.3","main":"index.js"}');
  writeFileSync(join(session, 'session/memory.js'), 'module.exports = class MemoryStore {};');
  writeFileSync(
    join(session, 'index.js'),
    "const Store = require('./session/memory.js'); module.exports = () => { const store = new Store(); return (q, r, next) => next(store); };",
  );
  const { code, output } = await doctor(`const http = require('node:http');
const session = require('express-session')();
const server = http.createServer((q, r) => session(q, r, () => r.end('members')));
server.on('upgrade', (q, socket) => socket.destroy());
server.listen(3000);
http.createServer((q, r) => r.end('inside')).listen(0);
`);
  expect(output).toMatch(/^✗ sessions are in memory/m);
  expect(output).toMatch(/said +the app also listens on port 0, which is open on 127\.0\.0\.1 only/);
  expect(output).toMatch(/^- open WebSockets are closed with code 1012/m);
  expect(code).toBe(1);
});

test('of an app that exports itself and keeps nothing nothing hurts', async () => {
  const { code, output } = await doctor("module.exports = (request, response) => response.end('well');");
  expect(output).toContain('it exports its app (request listener)');
  expect(output).toMatch(/Nothing of this app will hurt in a surge, as far as it was asked\.\n$/);
  expect(code).toBe(0);
});

test('an app that does not start is told of with what it wrote, at once', async () => {
  const { code, output } = await doctor("throw new Error('no database');");
  expect(output).toMatch(/^tahan: the app does not start:/);
  expect(output).toContain('no database');
  expect(output).not.toContain('within 90 s');
  expect(code).toBe(1);
});
