import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * `prepack` of the package: JavaScript and types of the engine, of the settings that it reads, and of the stress test, each
 * where it is in the repository. `--clean`: takes them away again, as the repository itself runs the TypeScript.
 */
const here = fileURLToPath(new URL('./', import.meta.url));
for (const made of ['dist', 'LICENSE']) rmSync(`${here}${made}`, { recursive: true, force: true });
if (!process.argv.includes('--clean')) build();

function build(): void {
  const { status } = spawnSync('tsc', ['-p', `${here}tsconfig.build.json`], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  chmodSync(`${here}dist/src/engine/bin/tahan.js`, 0o755);
  // Where the settings look for the version: as far above them as in the repository.
  const { version, type } = JSON.parse(readFileSync(`${here}package.json`, 'utf8')) as Record<string, string>;
  writeFileSync(`${here}dist/package.json`, `${JSON.stringify({ version, type })}\n`);
  copyFileSync(`${here}browser/offline.css`, `${here}dist/src/engine/browser/offline.css`);
  // What of the dashboard's page is not TypeScript.
  const page = 'monitor/ops/page/';
  for (const file of readdirSync(`${here}${page}`))
    if (!file.endsWith('.ts')) copyFileSync(`${here}${page}${file}`, `${here}dist/src/engine/${page}${file}`);
  copyFileSync(`${here}../../LICENSE`, `${here}LICENSE`);
}
