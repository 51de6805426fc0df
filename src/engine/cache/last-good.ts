import { ageMs } from './freshness.ts';
import type { Page } from './page.ts';

/** The body tag is looked for in this much of a page, bytes. */
const LOOKED_AT = 65_536;
/** What comes before the body tag and may hold its letters, or the tag itself with quoted attributes. */
const BEFORE_OR_BODY =
  /<!--[\s\S]*?(?:-->|$)|<(script|style|title|template|noscript)\b[\s\S]*?(?:<\/\1\s*>|$)|<body(?:[\s/](?:"[^"]*"|'[^']*'|[^'">])*)?>/gi;

/** Where the note goes in a page, bytes from its start; -1: no place, as it is not HTML. */
const places = new WeakMap<Buffer, number>();

/** Whether a page gets a note of its age when it is served in need. */
export const hasPlaceForNote = (page: Page): boolean => placeOf(page) !== -1;

function placeOf(page: Page): number {
  const { identity } = page.bodies;
  let place = places.get(identity);
  if (place === undefined) {
    place = findPlace(page);
    places.set(identity, place);
  }
  return place;
}

function findPlace(page: Page): number {
  if (!page.headers.some(([name, value]) => name === 'content-type' && /^\s*text\/html/i.test(value))) return -1;
  const start = page.bodies.identity.toString('latin1', 0, LOOKED_AT);
  for (const found of start.matchAll(BEFORE_OR_BODY)) {
    if (/^<body/i.test(found[0])) return found.index + found[0].length;
  }
  return -1;
}

/** The page with a note of its age behind the body tag, for a visitor who gets it in need. Identity coding; no page without a place. */
export function withNote(page: Page, now: number): Buffer {
  const { identity } = page.bodies;
  const place = placeOf(page);
  if (place === -1) return identity;
  const note = Buffer.from(
    `<p class="tahan-last-good" role="status">Many people are here right now. You see a copy of this page from ${inWords(ageMs(page, now))} ago.</p>`,
  );
  return Buffer.concat([identity.subarray(0, place), note, identity.subarray(place)]);
}

function inWords(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const unit = (amount: number, name: string): string => `${amount} ${name}${amount === 1 ? '' : 's'}`;
  if (seconds < 60) return unit(Math.max(1, seconds), 'second');
  if (seconds < 3_600) return unit(Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return unit(Math.floor(seconds / 3_600), 'hour');
  return unit(Math.floor(seconds / 86_400), 'day');
}
