import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import Router from '@koa/router';
import type { RoutePolicy } from '../../engine/site.ts';
import { notFound } from './problem.ts';

const HASH_LENGTH = 10;
const DAY_MS = 24 * 60 * 60 * 1_000;
const TYPES: Record<string, string> = {
  '.ico': 'image/x-icon',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

interface Asset {
  type: string;
  body: Buffer;
  hash: string;
}

export interface Assets {
  /** The address of an asset, which changes with its content. @throws {RangeError} there is no such file */
  url: (name: string) => string;
  router: Router;
  policies: readonly RoutePolicy[];
}

/**
 * The site's files, read once. Their content's hash stands in the address, so that browsers may keep them for a year.
 * @param styles style sheets, put together in the order of their names as `site.css`; `url(hero.svg)` in them becomes the
 *   hashed address of that file
 */
export function createAssets(files: URL, styles: URL): Assets {
  const assets = new Map<string, Asset>();
  const add = (name: string, body: Buffer): void => {
    const type = TYPES[extname(name)];
    if (type === undefined)
      throw new RangeError(`asset ${name}: no media type is known for ${extname(name)}; add it to TYPES`);
    assets.set(name, { type, body, hash: createHash('sha256').update(body).digest('base64url').slice(0, HASH_LENGTH) });
  };
  const url = (name: string): string => {
    const asset = assets.get(name);
    if (asset === undefined) throw new RangeError(`there is no asset ${name}`);
    const type = extname(name);
    return `/assets/${name.slice(0, -type.length)}.${asset.hash}${type}`;
  };
  for (const name of readdirSync(files)) add(name, readFileSync(new URL(name, files)));
  const sheets = readdirSync(styles).filter((name) => name.endsWith('.css'));
  const css = sheets.sort().map((name) => readFileSync(new URL(name, styles), 'utf8'));
  add(
    'site.css',
    Buffer.from(css.join('\n').replace(/url\(([\w-]+\.svg)\)/g, (_, image: string) => `url(${url(image)})`)),
  );

  const router = new Router();
  router.get('/assets/:file', (ctx) => {
    const [, stem, hash, type] = /^([\w-]+)\.([\w-]{10})(\.\w+)$/.exec(ctx.params.file ?? '') ?? [];
    const asset = assets.get(`${stem}${type}`);
    if (asset === undefined) throw notFound('There is no such file.');
    // A page from before a deployment may ask for the file by its old name: better the new one than none, but not for long.
    ctx.set('Cache-Control', asset.hash === hash ? 'public, max-age=31536000, immutable' : 'public, max-age=60');
    ctx.type = asset.type;
    ctx.body = asset.body;
  });
  // Browsers and feed readers ask for this address by themselves.
  router.get('/favicon.ico', (ctx) => {
    const icon = assets.get('favicon.ico');
    if (icon === undefined) throw notFound('There is no such file.');
    ctx.set('Cache-Control', `public, max-age=${DAY_MS / 1_000}`);
    ctx.type = icon.type;
    ctx.body = icon.body;
  });
  const policies: RoutePolicy[] = [
    { route: '/favicon.ico', methods: ['GET'], cache: { ttlMs: DAY_MS, swrMs: DAY_MS, tags: ['assets'] } },
    {
      route: '/assets/:file',
      methods: ['GET'],
      priority: 'normal',
      cache: { ttlMs: DAY_MS, swrMs: DAY_MS, tags: ['assets'] },
    },
  ];
  return { url, router, policies };
}
