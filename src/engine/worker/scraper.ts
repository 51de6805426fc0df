import type { Link } from '../link.ts';

const WITHIN_MS = 1_000;
const MAX_OPEN = 8;

/** Asks the primary for the exposition; undefined when it does not answer in time, or too many ask at once. */
export function createScraper(link: Link): (openMetrics: boolean) => Promise<string | undefined> {
  const open = new Map<string, (text: string) => void>();
  let next = 0;
  link.on('exposition', ({ id, text }) => open.get(id)?.(text));
  return async (openMetrics) => {
    if (open.size >= MAX_OPEN) return undefined;
    const id = String(next++);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const timer = setTimeout(() => resolve(undefined), WITHIN_MS);
    open.set(id, resolve);
    link.send({ type: 'scrape', id, openMetrics });
    const text = await promise;
    clearTimeout(timer);
    open.delete(id);
    return text;
  };
}
