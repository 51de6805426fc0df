/**
 * `npm run test:storms`: does the stress test see a server that is broken? Starts it on builds with one protection taken
 * out each; with words behind `--` only on those that have one of them in their name. Exit code 1: one was not seen.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StressReport } from '../../scripts/stress/result.ts';
import { BROKEN_BUILDS, type BrokenBuild, patched } from './broken-builds.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COPIED = ['src', 'scripts', 'views', 'package.json'];
/** A run of one scenario at the pace of --smoke takes less than 60 s. */
const LONGEST_MS = 150_000;

/** A copy of the repository with the patches in it. */
function copyOf({ patches = [] }: BrokenBuild): string {
  const folder = mkdtempSync(join(tmpdir(), 'tahan-storm-'));
  for (const name of COPIED)
    cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter: (path) => !path.includes('node_modules') });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const file of new Set(patches.map((patch) => patch.file))) {
    const path = join(folder, 'src/engine', file);
    const ofFile = patches.filter((patch) => patch.file === file);
    writeFileSync(path, patched(readFileSync(path, 'utf8'), ofFile));
  }
  return folder;
}

/** What the stress test says of a build. */
async function verdictOn(build: BrokenBuild): Promise<StressReport> {
  const folder = copyOf(build);
  try {
    const json = join(folder, 'stress.json');
    const options = ['--smoke', '--only', build.scenario, '--json', json, '--report', join(folder, 'stress.html')];
    const child = spawn(process.execPath, [join(ROOT, 'scripts/stress.ts'), ...options], {
      env: { ...process.env, ...build.env, TAHAN_INTERNAL_STRESS_ROOT: folder, TAHAN_DATA_DIR: join(folder, 'none') },
      stdio: ['ignore', 'ignore', 'ignore'],
      timeout: LONGEST_MS,
    });
    await new Promise((resolve) => child.once('exit', resolve));
    return JSON.parse(readFileSync(json, 'utf8')) as StressReport;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const words = process.argv.slice(2);
let missed = 0;
for (const build of BROKEN_BUILDS) {
  if (words.length > 0 && !words.some((word) => build.name.includes(word))) continue;
  const { scenarios } = await verdictOn(build);
  const found = scenarios.find(({ name, status }) => name === build.scenario && status === 'failed');
  if (found === undefined) missed += 1;
  const wrong =
    found?.thresholds.filter(({ passed }) => !passed).map(({ text, measured }) => `${text} (${measured})`) ?? [];
  const seen = scenarios.map(({ name, status, reason }) => `${name} ${status} ${reason ?? ''}`).join(', ');
  console.log(`${found === undefined ? 'NOT SEEN' : 'seen    '}  ${build.name}: ${wrong.join('; ') || seen}`);
}
process.exit(missed === 0 ? 0 : 1);
