import { createHash } from 'node:crypto';
import { z } from 'zod';
import { escapeHtml } from '../escape-html.ts';
import { FEATURE_STATES, type FeatureState } from '../features/types.ts';

/** A page that is asked for by everybody at once is made once in this time, ms. */
export const KEPT_MS = 1_000;
/** A browser that shows it asks again after so long, s. */
const REFRESH_SECONDS = 30;

/** What of `/health` is told. */
const healthSchema = z.object({
  status: z.enum(['ok', 'saturated', 'degraded', 'down']),
  since: z.iso.datetime().optional(),
  maintenance: z.boolean().default(false),
  features: z.record(z.string(), z.enum(FEATURE_STATES)).default({}),
});
type Told = z.infer<typeof healthSchema>;

const WORDS = {
  ok: ['Up', 'Everything works.'],
  saturated: ['Busy', 'More people are here than can be served at once. Some are asked to wait for a moment.'],
  degraded: ['Degraded', 'The site is up, and a part of it does not work as it should.'],
  down: ['Down', 'We are at work on it. Until then you see our pages as they were last.'],
  maintenance: ['Maintenance', 'The site is closed for a moment. Please come back soon.'],
} as const;
const FEATURE_WORDS: Record<FeatureState, string> = { ok: 'works', degraded: 'works in part', down: 'does not work' };

export interface StatusPage {
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** The public page that says how the site is. `health`: what the primary last told; `now`: epoch ms. */
export function createStatusPage(
  siteName: string,
  health: () => { body: string },
  now: () => number = Date.now,
): () => StatusPage {
  let body = '';
  let madeAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() - madeAt >= KEPT_MS) {
      madeAt = now();
      body = pageOf(siteName, readHealth(health().body), madeAt);
    }
    return { headers: HEADERS, body };
  };
}

function readHealth(body: string): Told {
  const read = healthSchema.safeParse(JSON.parse(body));
  return read.success ? read.data : { status: 'down', maintenance: false, features: {} };
}

function pageOf(siteName: string, { status, since, maintenance, features }: Told, now: number): string {
  const state = maintenance && status !== 'down' ? 'maintenance' : status;
  const [word, sentence] = WORDS[state];
  const rows = Object.entries(features)
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([name, feature]) => `<li class="${feature}"><span>${escapeHtml(name)}</span> ${FEATURE_WORDS[feature]}</li>`)
    .join('');
  const name = escapeHtml(siteName);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>${word} · ${name}</title><style>${STYLE}</style></head><body><main><p class="site">${name}</p><h1 class="${state}">${word}</h1><p>${sentence}</p>${since === undefined ? '' : `<p class="soft">Since ${timeOf(Date.parse(since))}.</p>`}${rows === '' ? '' : `<h2>Parts of the site</h2><ul>${rows}</ul>`}<p class="soft">As of ${timeOf(now)}. This page looks again by itself.</p></main></body></html>\n`;
}

/** `28 Nov 2026, 11:20:05 UTC`, as an element that programs read, too. */
function timeOf(at: number): string {
  const time = new Date(at);
  const [, day, month, year, clock] = time.toUTCString().split(' ');
  return `<time datetime="${time.toISOString()}">${Number(day)} ${month} ${year}, ${clock} UTC</time>`;
}

const STYLE =
  'body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem;color:#12303a;background:#f4f8f8}h1{font-size:2rem;line-height:1.2;margin:.2em 0;padding-left:.6rem;border-left:.5rem solid #14806c}h1.saturated,h1.degraded,h1.maintenance{border-color:#b26a00}h1.down{border-color:#b3261e}h2{font-size:1.1rem;margin-top:2rem}ul{list-style:none;padding:0}li{display:flex;justify-content:space-between;gap:1rem;border-top:1px solid #d5e0e2;padding:.35rem 0}li.down,li.degraded{font-weight:600}.site{font-weight:600;margin:0}.soft{color:#4a626b}@media(prefers-color-scheme:dark){body{color:#dcebec;background:#0d1c22}li{border-color:#23404a}.soft{color:#9fb6bd}}';

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'public, max-age=1',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  refresh: String(REFRESH_SECONDS),
};
