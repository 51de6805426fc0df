/**
 * The language of a page, from Accept-Language (RFC 9110 section 12.5.4).
 *
 * Not by the library `negotiator` (0.6 and 1.1), whose answers are not those of RFC 4647 for headers that browsers send:
 * - `zh-Hant-TW` does not find `zh-Hant`: a range is cut to its first part at once;
 * - `en-US, nl;q=0.9, en;q=0.8` gets Dutch where a site has `en` and `nl`: a later, exact range lowers the first one;
 * - 0.6, which Koa brings along, takes `en; q=0.5` for a quality of 1, as a space is before it.
 */

interface Range {
  /** Language range, lower case. */
  tag: string;
  quality: number;
}

/** Ranges of a header that are read. */
const MAX_RANGES = 32;
/** Headers that are remembered for a list of languages, and the longest of them, characters. */
const MAX_KNOWN = 500;
const MAX_KNOWN_LENGTH = 256;
const known = new WeakMap<readonly string[], Map<string, string>>();

/** The visitor's language among those of the site; the first of the site where no other is wanted. */
export function negotiate(header: string | undefined, languages: readonly string[]): string {
  if (header === undefined || languages.length < 2) return languages[0] ?? '';
  let choices = known.get(languages);
  if (choices === undefined) {
    choices = new Map();
    known.set(languages, choices);
  }
  let choice = choices.get(header);
  if (choice === undefined) {
    choice = choose(header, languages);
    if (header.length <= MAX_KNOWN_LENGTH) {
      if (choices.size >= MAX_KNOWN) choices.clear();
      choices.set(header, choice);
    }
  }
  return choice;
}

function choose(header: string, languages: readonly string[]): string {
  const ranges = rangesOf(header);
  const accepted = languages.filter((language) => rangeFor(ranges, language)?.quality !== 0);
  const wanted = ranges.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality);
  for (const { tag } of wanted) {
    // `*` is every language that no other range names (RFC 4647 section 3.3.1).
    const found =
      tag === '*' ? accepted.find((language) => rangeFor(ranges, language)?.tag === '*') : lookUp(tag, accepted);
    if (found !== undefined) return found;
  }
  return accepted[0] ?? languages[0]!;
}

function rangesOf(header: string): Range[] {
  const ranges: Range[] = [];
  for (const part of header.toLowerCase().split(',', MAX_RANGES)) {
    const [tag = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    // RFC 9110 section 12.4.2. A weight that cannot be read: not acceptable.
    const quality = weight === undefined ? 1 : /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0;
    if (tag !== '') ranges.push({ tag, quality });
  }
  return ranges;
}

/** The longest range that a language is in (RFC 4647 section 3.3.1, basic filtering), or `*`. */
function rangeFor(ranges: readonly Range[], language: string): Range | undefined {
  let best: Range | undefined;
  for (const range of ranges) {
    if (range.tag !== '*' && !isIn(language, range.tag)) continue;
    if (best === undefined || best.tag === '*' || (range.tag !== '*' && range.tag.length > best.tag.length))
      best = range;
  }
  return best;
}

const isIn = (language: string, range: string): boolean => {
  const lower = language.toLowerCase();
  return lower === range || lower.startsWith(`${range}-`);
};

/**
 * RFC 4647 section 3.4: the range is cut at its end until it is a language of the site. Then, as people who ask for
 * `en` can read `en-GB`, the first language in the range (section 3.3.1).
 */
function lookUp(range: string, languages: readonly string[]): string | undefined {
  const subtags = range.split('-');
  while (subtags.length > 0) {
    const tag = subtags.join('-');
    const found = languages.find((language) => language.toLowerCase() === tag);
    if (found !== undefined) return found;
    subtags.pop();
    // A single letter or digit begins a group and means nothing without it.
    if (subtags.at(-1)?.length === 1) subtags.pop();
  }
  return languages.find((language) => isIn(language, range));
}
