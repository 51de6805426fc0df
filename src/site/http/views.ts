import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Eta } from 'eta';
import type { Context } from 'koa';
import type { SiteSettings } from '../../engine/site.ts';
import type { Assets } from './assets.ts';
import { face } from './avatar.ts';
import * as format from './format.ts';

export interface Views {
  /** Answers with a page: the template in the site's frame. `data.title` is the page's name. */
  page: (ctx: Context, template: string, data: { title: string } & Record<string, unknown>) => void;
  /** The text of a template alone. */
  text: (template: string, data: Record<string, unknown>) => string;
}

const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Templates of a folder, compiled once at the start: a mistake in one stops the start, not a visitor. */
export function createViews(folder: URL, settings: SiteSettings, assets: Assets): Views {
  const root = fileURLToPath(folder);
  const eta = new Eta({ cache: true });
  const escapeText = eta.config.escapeFunction;
  // Characters that XML does not allow at all are dropped: one of them would break the feed, and no page needs them.
  eta.config.escapeFunction = (value) =>
    value === undefined || value === null ? '' : escapeText(String(value).replace(NOT_XML, ''));
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (entry.endsWith('.eta'))
      eta.loadTemplate(`@${entry.slice(0, -4).replaceAll('\\', '/')}`, readFileSync(join(root, entry), 'utf8'));
  }
  const shared = {
    siteName: settings.siteName,
    publicUrl: settings.publicUrl,
    version: settings.version,
    asset: assets.url,
    face,
    ...format,
  };
  const text: Views['text'] = (template, data) => eta.render(`@${template}`, { ...shared, ...data });
  return {
    text,
    page(ctx, template, data) {
      ctx.type = 'html';
      ctx.body = text(template, {
        path: ctx.path,
        member: ctx.state.signedIn?.member,
        csrf: ctx.state.csrf,
        scripts: [],
        ...data,
      });
    },
  };
}
