import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

const MODULE = fileURLToPath(new URL('../../../src/engine/primary/data-folder.ts', import.meta.url));
let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tahan-claim-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** A process that claims the folder, and then waits; what it says: `claimed`, or why not. */
async function claim(): Promise<{ child: ChildProcess; said: string }> {
  const script = `import(${JSON.stringify(MODULE)}).then(({ claimDataFolder }) => {
    try { claimDataFolder(process.argv[1]); console.log('claimed'); process.stdin.on('end', () => process.exit(0)).resume(); }
    catch (error) { console.log(error.name + ' ' + error.message); process.exit(0); }
  });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, said: said.toString().trim() };
}

const end = async (child: ChildProcess, how: 'SIGKILL' | 'input'): Promise<void> => {
  const ended = once(child, 'exit');
  if (how === 'input') child.stdin!.end();
  else child.kill(how);
  await ended;
};

describe('the claim of a data folder', () => {
  test('is refused to a second server, with the pid of the first, and free again at its end', async () => {
    const first = await claim();
    expect(first.said).toBe('claimed');
    expect((await claim()).said).toBe(
      `DataFolderError the data folder ${folder} is in use by the server with pid ${first.child.pid}; stop that one, or set TAHAN_DATA_DIR to another folder`,
    );
    await end(first.child, 'input');
    expect(readdirSync(folder)).toEqual([]);
    expect((await claim()).said).toBe('claimed');
  });

  test('is taken over from a server that was killed', async () => {
    const first = await claim();
    await end(first.child, 'SIGKILL');
    expect(existsSync(join(folder, 'server.lock'))).toBe(true);
    expect((await claim()).said).toBe('claimed');
  });

  test.each([
    ['whose pid another program has now', () => JSON.stringify({ ...own(), startedTicks: 1 })],
    ['of another host', () => JSON.stringify({ ...own(), startedTicks: null, host: 'elsewhere' })],
    ['that was never written whole', () => '{"pid":'],
  ])('is taken over from a lock %s', async (_, text) => {
    writeFileSync(join(folder, 'server.lock'), text());
    const { child, said } = await claim();
    expect(said).toBe('claimed');
    expect((JSON.parse(readFileSync(join(folder, 'server.lock'), 'utf8')) as { pid: number }).pid).toBe(child.pid);
  });

  test('goes to one of many that find a stale lock at once', async () => {
    writeFileSync(join(folder, 'server.lock'), '{}');
    const all = await Promise.all(Array.from({ length: 6 }, claim));
    expect(all.filter(({ said }) => said === 'claimed')).toHaveLength(1);
    for (const { said } of all)
      expect(said).toMatch(/^(claimed|DataFolderError the data folder .+ (in use|being claimed))/);
  });
});

const own = () => ({ pid: process.pid, startedTicks: 0, host: hostname() });
