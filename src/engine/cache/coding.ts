import type { Coding, Page } from './page.ts';

/** What most visitors send, so that nothing is parsed for them. */
const BROWSERS: readonly (readonly [string, readonly Coding[]])[] = [
  ['gzip, deflate, br, zstd', ['br', 'gzip', 'identity']],
  ['gzip, deflate, br', ['br', 'gzip', 'identity']],
  ['br, gzip, deflate', ['br', 'gzip', 'identity']],
  ['gzip, deflate', ['gzip', 'identity']],
  ['gzip', ['gzip', 'identity']],
];
/** Headers that are remembered; longer ones are parsed each time. */
const MAX_KNOWN = 256;
const MAX_KNOWN_LENGTH = 128;
const known = new Map<string, readonly Coding[]>(BROWSERS);

const NONE: readonly Coding[] = ['identity'];
/** Smallest first: the order of those that the visitor likes as much. */
const BY_SIZE: readonly Coding[] = ['br', 'gzip', 'identity'];

/** The codings that a visitor takes, best first (RFC 9110 section 12.5.3). `identity` ends the list even when refused: it is all that a page surely has. */
export function codingsFor(acceptEncoding: string | undefined): readonly Coding[] {
  if (acceptEncoding === undefined || acceptEncoding === '') return NONE;
  let codings = known.get(acceptEncoding);
  if (codings !== undefined) return codings;
  codings = parse(acceptEncoding);
  if (acceptEncoding.length <= MAX_KNOWN_LENGTH) {
    if (known.size >= MAX_KNOWN) {
      known.clear();
      for (const [header, order] of BROWSERS) known.set(header, order);
    }
    known.set(acceptEncoding, codings);
  }
  return codings;
}

function parse(header: string): readonly Coding[] {
  const given = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    const q = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, '');
    const quality = q === undefined ? 1 : /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q) ? Number(q) : 0;
    if (name !== '') given.set(name === 'x-gzip' ? 'gzip' : name, quality);
  }
  const star = given.get('*');
  // Unlisted, identity is acceptable but liked least.
  const quality = (coding: Coding): number => given.get(coding) ?? star ?? (coding === 'identity' ? 0.0001 : 0);
  const taken = BY_SIZE.filter((coding) => quality(coding) > 0).sort((a, b) => quality(b) - quality(a));
  return taken.includes('identity') ? taken : [...taken, 'identity'];
}

/** The coding in which a visitor gets a page, of those it is kept in. */
export function chooseCoding(page: Page, acceptEncoding: string | undefined): Coding {
  for (const coding of codingsFor(acceptEncoding)) if (page.bodies[coding] !== undefined) return coding;
  return 'identity';
}
