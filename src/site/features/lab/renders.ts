const MAX_PAGES = 10_000;

/**
 * Counts the renders of each lab page in this process. A page number over the bound shares one counter with the
 * others over it, so that a scan over page numbers cannot grow the memory.
 */
export function createRenderCounter(maxPages = MAX_PAGES): (page: string) => number {
  const renders = new Map<string, number>();
  return (page) => {
    const key = renders.has(page) || renders.size < maxPages ? page : 'others';
    const count = (renders.get(key) ?? 0) + 1;
    renders.set(key, count);
    return count;
  };
}
