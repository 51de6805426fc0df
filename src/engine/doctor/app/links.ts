/** Links that may change something, though a GET should not. */
const CHANGES = /log-?out|sign-?out|delete|remove|unsubscribe|destroy/i;
const LINK = /<a\s[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi;
/** Links to pages of one kind, side by side in one folder, that are followed. */
const MAX_SIBLINGS = 2;
const MAX_PATH = 1_000;

/** Paths with their query of the links of a page that stay on its origin, each once, few of one kind. `base`: URL of the page. */
export function linksOf(html: string, base: URL): string[] {
  const found = new Set<string>();
  const siblings = new Map<string, number>();
  for (const [, double, single, bare] of html.matchAll(LINK)) {
    const href = (double ?? single ?? bare ?? '').replaceAll('&amp;', '&').trim();
    if (href === '' || href.startsWith('#') || !URL.canParse(href, base)) continue;
    const url = new URL(href, base);
    const path = url.pathname + url.search;
    if (url.origin !== base.origin || CHANGES.test(path) || path.length > MAX_PATH || found.has(path)) continue;
    const folder = url.pathname.slice(0, url.pathname.lastIndexOf('/'));
    const count = siblings.get(folder) ?? 0;
    // At the root each word is a page of its own kind.
    if (folder !== '' && count >= MAX_SIBLINGS) continue;
    siblings.set(folder, count + 1);
    found.add(path);
  }
  return [...found];
}
