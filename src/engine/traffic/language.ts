/** A primary language of BCP 47: two or three letters. */
const PRIMARY = /^\s*([a-z]{2,3})(?:[-_][a-z0-9-]*)?\s*(?:;|,|$)/i;
const MAX_HEADER = 256;

/** The language that a visitor likes best: the first of Accept-Language, which browsers order; `none`, or `other`. */
export function firstLanguage(acceptLanguage: string): string {
  if (acceptLanguage === '') return 'none';
  return PRIMARY.exec(acceptLanguage.slice(0, MAX_HEADER))?.[1]?.toLowerCase() ?? 'other';
}
