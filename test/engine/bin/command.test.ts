import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { AppConfigError, readAppConfig } from '../../../src/engine/app-config.ts';
import { readCommandLine } from '../../../src/engine/bin/command-line.ts';
import { CommandError, entryAt, entryOf, nodeCommand } from '../../../src/engine/bin/find-entry.ts';
import { makeDataFolder, readServerFile, writeServerFile } from '../../../src/engine/bin/server-file.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tahan-command-')));
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder with these files. */
function project(name: string, files: Record<string, string>): string {
  const at = join(folder, name);
  mkdirSync(at);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(at, file), text);
  return at;
}

describe('the words behind tahan', () => {
  test.each([
    [[], { do: 'run', entry: undefined, args: [] }],
    [['run'], { do: 'run', entry: undefined, args: [] }],
    [['app.js'], { do: 'run', entry: 'app.js', args: [] }],
    [['run', 'app.js', '--port', '1'], { do: 'run', entry: 'app.js', args: ['--port', '1'] }],
    [['app.js', '--', '--help'], { do: 'run', entry: 'app.js', args: ['--help'] }],
    [['app.js', 'status'], { do: 'run', entry: 'app.js', args: ['status'] }],
    [['status'], { do: 'status' }],
    [['stress', '--smoke'], { do: 'stress', entry: undefined, words: ['--smoke'] }],
    [['stress', 'app.js', '--smoke'], { do: 'stress', entry: 'app.js', words: ['--smoke'] }],
    [['doctor'], { do: 'doctor', entry: undefined, args: [] }],
    [['doctor', 'app.js', '--', '-x'], { do: 'doctor', entry: 'app.js', args: ['-x'] }],
    [['--help'], { do: 'help' }],
  ])('%j', (words, wish) => {
    expect(readCommandLine(words)).toEqual(wish);
  });

  test.each([[['--inspect', 'app.js']], [['stop', 'now']], [['--']]])('%j is refused with a sentence', (words) => {
    expect(readCommandLine(words)).toEqual({ do: 'refuse', why: expect.stringContaining(words[0]!) });
  });
});

describe('the app', () => {
  test('is the file that is named, as node finds it', () => {
    const at = project('named', { 'app.js': '', 'other.mjs': '', 'typed.ts': '' });
    symlinkSync(join(at, 'app.js'), join(at, 'link.js'));
    expect(entryAt('app', ['-x'], at)).toEqual({ file: join(at, 'app.js'), args: ['-x'] });
    expect(entryAt('./other.mjs', [], at).file).toBe(join(at, 'other.mjs'));
    expect(entryAt('typed', [], at).file).toBe(join(at, 'typed.ts'));
    expect(entryAt('link.js', [], at).file).toBe(join(at, 'app.js'));
    expect(() => entryAt('none.js', [], at)).toThrow(CommandError);
  });

  test('of a folder is that of its start script, else its main', () => {
    const both = { 'server.js': '', 'index.js': '' };
    const start = JSON.stringify({ main: 'index.js', scripts: { start: 'NODE_ENV=production node server.js --a 1' } });
    expect(entryOf(project('start', { ...both, 'package.json': start }))).toEqual({
      file: join(folder, 'start/server.js'),
      args: ['--a', '1'],
    });
    const main = JSON.stringify({ main: 'index.js', scripts: { start: 'next start' } });
    expect(entryOf(project('main', { ...both, 'package.json': main })).file).toBe(join(folder, 'main/index.js'));
    expect(() => entryOf(project('neither', { 'package.json': '{}' }))).toThrow(/name the file of your app/);
  });

  test.each(['npm run x', 'node a.js && node b.js', 'node --require x a.js', 'node', 'node "a b.js"', 'node -e x'])(
    'a start script that is more than "node FILE" is not guessed at: %s',
    (script) => expect(nodeCommand(script)).toBeUndefined(),
  );
});

describe('the file by which the commands find a server', () => {
  test('is for its user only', () => {
    const dataDir = join(folder, 'data/.tahan');
    makeDataFolder(dataDir);
    const server = { pid: process.pid, adminHost: '127.0.0.1', adminPort: 9464, url: 'http://localhost:3000' };
    writeServerFile(dataDir, server);
    expect(readServerFile(dataDir)).toEqual(server);
    expect(statSync(join(dataDir, 'server.json')).mode & 0o777).toBe(0o600);
  });

  test('may be absent or broken', () => {
    expect(readServerFile(folder)).toBeUndefined();
    writeFileSync(join(folder, 'server.json'), '{"pid":"me"}');
    expect(readServerFile(folder)).toBeUndefined();
  });
});

describe('tahan.config', () => {
  test('is read from JSON, and none is needed', async () => {
    const at = project('config', { 'tahan.config.json': '{"mainPage":"/start","settings":{"PORT":4000}}' });
    expect(await readAppConfig(join(at, 'tahan.config.json'))).toEqual({
      mainPage: '/start',
      settings: { PORT: 4000 },
    });
    expect(await readAppConfig('')).toEqual({});
  });

  test.each([
    ['{"mainpage":"/"}', 'mainpage is not known; there are settings, routes, mainPage'],
    ['{"mainPage":"start"}', 'mainPage must be a path that starts with /'],
    ['{"routes":{}}', 'routes must be a list of route policies'],
    ['[', 'cannot be read'],
    ['3', 'its default export must be an object'],
  ])('a mistake is told: %s', async (text, problem) => {
    const path = join(folder, `${Buffer.from(text).toString('hex')}.json`);
    writeFileSync(path, text);
    const failure = await readAppConfig(path).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AppConfigError);
    expect((failure as Error).message).toContain(problem);
  });
});
