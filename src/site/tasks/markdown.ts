import { Marked } from 'marked';
import sanitizeHtml from 'sanitize-html';
import { tooComplex } from './markdown-limits.ts';
import { unnestLinks, withoutPictures } from './pictures.ts';

const EXCERPT_LENGTH = 220;
/** A shorter paragraph is no excerpt where there is a longer one. */
const MIN_LEAD_LENGTH = 40;
/** Elements within one another; deeper ones are dropped. */
const MAX_NESTING = 40;

export interface Rendered {
  /** Sanitised. */
  html: string;
  /** The text without marks. */
  plain: string;
  /** Its beginning, in one line. */
  excerpt: string;
}

/** The text cannot be rendered in a reasonable time; the message says why. */
export class MarkdownTooComplexError extends Error {
  readonly code = 'MARKDOWN_TOO_COMPLEX';
  override readonly name = 'MarkdownTooComplexError';
}

const marked = new Marked({ gfm: true, async: false });

const isOwn = (address: string): boolean => /^\/(?![/\\])/.test(address);

const SANITIZE: sanitizeHtml.IOptions = {
  allowedTags: [
    ...[
      'h2',
      'h3',
      'h4',
      'h5',
      'h6',
      'p',
      'blockquote',
      'ul',
      'ol',
      'li',
      'hr',
      'br',
      'pre',
      'code',
      'a',
      'img',
      'span',
    ],
    ...['strong', 'em', 'del', 'b', 'i', 'kbd', 'mark', 'sub', 'sup', 'details', 'summary'],
    ...['table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ],
  allowedAttributes: {
    a: ['href', 'title', 'rel'],
    img: ['src', 'alt', 'title', 'loading'],
    th: ['align'],
    td: ['align'],
    ol: ['start'],
  },
  allowedClasses: { a: ['picture'], code: [/^language-[\w+#-]{1,30}$/] },
  allowedSchemes: ['http', 'https', 'mailto'],
  allowedSchemesAppliedToAttributes: ['href', 'src'],
  allowProtocolRelative: false,
  nestingLimit: MAX_NESTING,
  transformTags: {
    // The page's own heading is the only h1.
    h1: 'h2',
    a: (tagName, { href = '', title }) => ({
      tagName,
      attribs: {
        href,
        ...(title === undefined ? {} : { title }),
        ...(isOwn(href) ? {} : { rel: 'nofollow noopener ugc' }),
      },
    }),
    // A foreign picture would tell its host who reads, and the page's policy forbids it: it becomes a link.
    img: (_, { src = '', alt = '', title }) =>
      isOwn(src)
        ? { tagName: 'img', attribs: { src, alt, loading: 'lazy', ...(title === undefined ? {} : { title }) } }
        : {
            tagName: 'a',
            attribs: { href: src, class: 'picture', rel: 'nofollow noopener ugc' },
            text: alt || 'Picture',
          },
    // The boxes of task lists.
    input: (_, { checked }) => ({ tagName: 'span', attribs: {}, text: checked === undefined ? '☐' : '☑' }),
  },
};

const ENTITIES: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' };

function plainText(html: string): string {
  // A space before each block, or the last word of one and the first of the next would be one word.
  const spaced = html
    .replace(/<(?:\/|p|li|br|h\d|td|th|tr|pre|blockquote|hr)\b/g, ' $&')
    .replace(/ (<\/(?:a|b|i|em|strong|code|del|span|sub|sup|mark|kbd)>)/g, '$1');
  return sanitizeHtml(spaced, { allowedTags: [], allowedAttributes: {} })
    .replace(/&(?:amp|lt|gt|quot);/g, (entity) => ENTITIES[entity]!)
    .replace(/\s+/g, ' ')
    .trim();
}

function shorten(text: string): string {
  if (text.length <= EXCERPT_LENGTH) return text;
  const cut = text.slice(0, EXCERPT_LENGTH);
  const space = cut.lastIndexOf(' ');
  return `${(space > EXCERPT_LENGTH / 2 ? cut.slice(0, space) : Array.from(cut).slice(0, -1).join('')).replace(/[\s,;:.–-]+$/, '')}…`;
}

/**
 * Markdown (GitHub's kind) as safe HTML: what the allow-list does not name is dropped.
 * @throws {MarkdownTooComplexError}
 */
export function render(markdown: string): Rendered {
  const reason = tooComplex(markdown);
  if (reason !== undefined) throw new MarkdownTooComplexError(reason);
  let html: string;
  try {
    html = unnestLinks(sanitizeHtml(marked.parse(markdown) as string, SANITIZE)).trim();
  } catch (error) {
    // The parsers call themselves for each level.
    if (error instanceof RangeError) throw new MarkdownTooComplexError('its parts are nested too deeply');
    throw error;
  }
  const plain = plainText(html);
  return { html, plain, excerpt: shorten(lead(html) ?? plain) };
}

/** The first paragraph that says something: not a row of badges. */
function lead(html: string): string | undefined {
  for (const [, paragraph = ''] of html.matchAll(/<p>([\s\S]*?)<\/p>/g)) {
    const text = plainText(withoutPictures(paragraph));
    if (text.length >= MIN_LEAD_LENGTH) return text;
  }
  return undefined;
}

/**
 * The title of a text without front matter: its first heading, as plain text, also where it is written in HTML. A heading
 * that the text begins with is taken out of `rest`. Undefined: there is no heading.
 * @throws {MarkdownTooComplexError}
 */
export function splitTitle(markdown: string): { title: string; rest: string } | undefined {
  const { html } = render(markdown);
  const heading = /<h[2-6]>([\s\S]*?)<\/h[2-6]>/.exec(html)?.[1] ?? '';
  const title = plainText(withoutPictures(heading)) || plainText(heading);
  if (title === '') return undefined;
  const first = marked.lexer(markdown).find(({ type }) => type !== 'space');
  const rest = first?.type === 'heading' ? markdown.slice(markdown.indexOf(first.raw) + first.raw.length) : markdown;
  return { title, rest };
}
