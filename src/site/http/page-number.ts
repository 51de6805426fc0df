import type { Page } from '../data/types.ts';
import { notFound } from './problem.ts';

/** The `page` of a query; anything but a positive number is the first. */
export function pageNumber(value: unknown): number {
  return typeof value === 'string' && /^[1-9]\d{0,6}$/.test(value) ? Number(value) : 1;
}

/**
 * The list when it has the page that was asked for.
 * @throws {Problem} 404
 */
export function existing<T>(list: Page<T>, asked: number): Page<T> {
  if (list.page !== asked)
    throw notFound(`The list has ${list.pages} ${list.pages === 1 ? 'page' : 'pages'}; there is no page ${asked}.`);
  return list;
}

/** Addresses of a list's pages: `/posts?tag=sea&page=2`; the first page has no number. */
export function pageLinks(path: string, query: Record<string, string | undefined> = {}): (page: number) => string {
  return (page) => {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, value);
    if (page > 1) params.set('page', String(page));
    return params.size === 0 ? path : `${path}?${params}`;
  };
}
