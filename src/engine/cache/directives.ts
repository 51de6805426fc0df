/** Header fields of an answer, lower-case names. */
export type Headers = Record<string, string | string[]>;

/** The value of a field; of one that is given several times all of them, as a list. */
export const fieldText = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(',') : (value ?? '');

/** The directives of Cache-Control; of one that is given twice the first counts (RFC 9111 section 4.2.1). */
export function directivesOf(headers: Headers): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of fieldText(headers['cache-control']).split(',')) {
    const [name = '', argument = ''] = part
      .toLowerCase()
      .split('=', 2)
      .map((piece) => piece.trim());
    if (name !== '' && !found.has(name)) found.set(name, argument.replaceAll('"', ''));
  }
  return found;
}
