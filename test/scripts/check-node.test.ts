import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const SCRIPT = new URL('../../scripts/check-node.js', import.meta.url);

/** The check as a Node of this version would run it. */
function check(version: string): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['-e', `Object.defineProperty(process, 'versions', { value: { node: '${version}' } }); void import('${SCRIPT}');`],
    { encoding: 'utf8' },
  );
  return { status, stderr };
}

describe('npm start', () => {
  test.each(['20.20.2', '22.18.0', '24.1.9'])('on Node %s says what is missing, in one line', (version) => {
    const { status, stderr } = check(version);
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`^tahan: this is Node ${version}, and Tahan needs 24\\.2 or newer\\..*\\n$`));
  });

  test.each(['24.2.0', '26.10.0', process.versions.node])('on Node %s goes on', (version) => {
    expect(check(version)).toEqual({ status: 0, stderr: '' });
  });

  test('checks first, and names the same version as the package', () => {
    const { engines, scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      engines: { node: string };
      scripts: { prestart: string };
    };
    expect(scripts.prestart).toBe('node scripts/check-node.js');
    expect(engines.node).toBe('>=24.2');
  });
});
