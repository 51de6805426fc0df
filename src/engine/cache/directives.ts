/** Header fields of an answer, lower-case names. */
export type Headers = Record<string, string | string[]>;

/** The value of a field; of one that is given several times all of them, as a list. */
export const fieldText = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(',') : (value ?? '');

/** Directives by name in lower case, with their argument; empty for none. */
export type Directives = ReadonlyMap<string, string>;

/**
 * The directives for this cache: those of CDN-Cache-Control, which then are the only ones (RFC 9213 section 2.2), else
 * those of Cache-Control.
 */
export const directivesOf = (headers: Headers): Directives => targetedAt(headers) ?? cacheControlOf(headers);

/** Something cut at its commas, but at none in a quoted text. */
const MEMBERS = /(?:[^,"]|"(?:[^"\\]|\\.)*"|")+/g;

/** Of a directive that is given twice the first counts (RFC 9111 section 4.2.1). */
function cacheControlOf(headers: Headers): Directives {
  const found = new Map<string, string>();
  for (const part of fieldText(headers['cache-control']).match(MEMBERS) ?? []) {
    const [name = '', argument = ''] = part
      .toLowerCase()
      .split('=', 2)
      .map((piece) => piece.trim());
    if (name !== '' && !found.has(name)) found.set(name, argument.replaceAll('"', ''));
  }
  return found;
}

const BARE_ITEM =
  /(-?\d{1,15}(?:\.\d{1,3})?|"(?:[ !#-[\]-~]|\\["\\])*"|[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*|:[A-Za-z0-9+/=]*:|\?[01]|\([^()]*\))/
    .source;
const NAME = /[a-z*][a-z0-9_.*-]*/.source;
/** A member of a dictionary (RFC 9651 section 3.2), its parameters left aside, and the comma behind it. */
const MEMBER = new RegExp(`(${NAME})(?:=${BARE_ITEM})?(?:; *${NAME}(?:=${BARE_ITEM})?)*(?:[ \\t]*(,)[ \\t]*|$)`, 'y');
/** Directives whose argument is a number of seconds. */
const IN_SECONDS = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error']);

/**
 * The directives of CDN-Cache-Control, a dictionary in which the last of two members counts and an argument of another
 * type than it should have is no argument; undefined: there are none, or the field cannot be read and so is ignored.
 */
export function targetedAt(headers: Headers): Directives | undefined {
  const text = fieldText(headers['cdn-cache-control']).trim();
  if (text === '') return undefined;
  const found = new Map<string, string>();
  MEMBER.lastIndex = 0;
  for (let comma: string | undefined = ','; comma !== undefined; ) {
    const member = MEMBER.exec(text);
    if (member === null) return undefined;
    const [, name = '', value = '?1'] = member;
    comma = member[4];
    const isInSeconds = IN_SECONDS.has(name);
    found.delete(name);
    if (isInSeconds ? /^-?\d+$/.test(value) : value !== '?0') found.set(name, isInSeconds ? value : '');
  }
  return found;
}

/** An answer says by itself that it is for everybody (RFC 9111 sections 5.2.2.9 and 5.2.2.10). */
export function declaresShared(headers: Headers): boolean {
  const given = directivesOf(headers);
  return given.has('public') || given.has('s-maxage');
}
