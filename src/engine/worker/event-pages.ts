import type { PageMemory } from '../cache/memory.ts';
import type { Link } from '../link.ts';
import type { Pages } from '../pages/pages.ts';
import { mainPageKeys } from '../request/page-key.ts';
import type { Routes } from '../routes.ts';

/** Pages of an event stay fresh so many times longer than their policy says. */
const LONGER = 4;
/** Other pages that are made anew before an event: those asked for most, and then those that are in memory. */
const MAX_OTHERS = 50;

/** Before an event its pages are rendered and kept, and those that people ask for are made fresh. */
export function keepEventPages(
  link: Link,
  routes: Routes,
  pages: Pages,
  memory: Pick<PageMemory, 'values'>,
  languages: readonly string[],
  hosts: readonly string[],
): void {
  const keysOf = (paths: readonly string[]) =>
    new Map(paths.flatMap((path) => mainPageKeys(path, languages, hosts).map((key) => [key, path] as const)));
  link.on('event', ({ active, pages: paths, asked }) => {
    const keys = keysOf(active ? paths : []);
    pages.stretch((key) => (keys.has(key) ? LONGER : 1));
    if (!active) return;
    for (const [key, path] of keys) {
      const route = routes.match('GET', path);
      if (route.cacheable) pages.refresh(key, route, 'main', 'normal');
    }
    const wanted = keysOf(asked);
    for (const [key, path] of wanted) {
      const route = routes.match('GET', path);
      if (route.cacheable) pages.refresh(key, route, 'refresh', 'background');
    }
    let others = asked.length;
    for (const { key, status } of memory.values()) {
      if (keys.has(key) || wanted.has(key) || status !== 200) continue;
      others += 1;
      if (others > MAX_OTHERS) return;
      const [path = ''] = (key.split('\n')[2] ?? '').split('?');
      const route = routes.match('GET', path);
      if (route.cacheable) pages.refresh(key, route, 'refresh', 'background');
    }
  });
}
