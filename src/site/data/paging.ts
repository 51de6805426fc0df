import type { Page } from './types.ts';

/** Most items on one page of any list. */
const MAX_PER_PAGE = 100;

/** Where a page begins in a list of `total` items; a page that does not exist becomes the nearest one that does. */
export function paging(
  total: number,
  page: number,
  perPage: number,
): { page: number; pages: number; limit: number; offset: number } {
  const limit = Math.min(MAX_PER_PAGE, Math.max(1, Math.trunc(perPage) || 1));
  const pages = Math.max(1, Math.ceil(total / limit));
  const within = Math.min(pages, Math.max(1, Math.trunc(page) || 1));
  return { page: within, pages, limit, offset: (within - 1) * limit };
}

/** Puts the items of a page together with its place. */
export const pageOf = <T>(items: T[], total: number, place: { page: number; pages: number }): Page<T> => ({
  items,
  total,
  page: place.page,
  pages: place.pages,
});
