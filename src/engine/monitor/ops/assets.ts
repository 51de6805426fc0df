import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { extname } from 'node:path';
import { moduleNear } from '../../module-near.ts';

export interface Asset {
  type: string;
  body: Buffer;
}

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/** The browser's modules, in the folder `page`. */
const MODULES = [
  'main',
  'actions',
  'api',
  'chart-list',
  'charts',
  'dom',
  'flame',
  'flame-tree',
  'fleet',
  'format',
  'glance',
  'holds',
  'latency',
  'panels',
  'range',
  'tail',
  'stress',
  'traffic',
  'view',
  'words',
] as const;

/**
 * All that the page loads, by its name below `/ops/assets/`. TypeScript in the repository is served with its types
 * taken out; the package has JavaScript. @throws {Error} a file is missing
 */
export function readAssets(): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  for (const name of MODULES) {
    const file = moduleNear(`./page/${name}`, import.meta.url);
    const text = readFileSync(file, 'utf8');
    const script = extname(file.pathname) === '.ts' ? stripTypeScriptTypes(text) : text;
    assets.set(`${name}${extname(file.pathname)}`, { type: SCRIPT, body: Buffer.from(script) });
  }
  assets.set('mark.svg', { type: 'image/svg+xml', body: readFileSync(new URL('./page/mark.svg', import.meta.url)) });
  for (const name of ['ops.css', 'dark.css'])
    assets.set(name, { type: STYLE, body: readFileSync(new URL(`./page/${name}`, import.meta.url)) });
  assets.set('uplot.css', { type: STYLE, body: readFileSync(near('uPlot.min.css')) });
  assets.set('uplot.js', { type: SCRIPT, body: readFileSync(near('uPlot.iife.min.js')) });
  return assets;
}

/** A file of the package uplot, beside its main module. */
const near = (file: string): URL => new URL(file, import.meta.resolve('uplot'));

/** The page itself, and the one where an operator signs in. `main`: the extension of the browser's modules. */
export const readPages = (): { dashboard: string; signIn: string } => {
  const read = (name: string): string => readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');
  return {
    dashboard: read('dashboard.html').replaceAll('{ext}', extname(import.meta.url)),
    signIn: read('sign-in.html'),
  };
};
