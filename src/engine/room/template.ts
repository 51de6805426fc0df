import { readFileSync } from 'node:fs';
import { escapeHtml } from '../escape-html.ts';
import { STANDARD_TEMPLATE } from './standard-template.ts';

/** Largest template, bytes: it is sent to everybody who waits, again and again. */
export const MAX_TEMPLATE_BYTES = 32_768;

/** What a template may show. All is text; it is escaped where it is put in. */
export const TEMPLATE_VALUES = [
  'lang',
  'siteName',
  'state',
  'heading',
  'text',
  'placeLabel',
  'place',
  'ofWaiting',
  'waitLabel',
  'wait',
  'progress',
  'progressLabel',
  'note',
] as const;
export type TemplateValue = (typeof TEMPLATE_VALUES)[number];
export type TemplateValues = Readonly<Record<TemplateValue, string>>;

/** The template of a waiting page cannot be used; the message has one line for each mistake. */
export class TemplateError extends Error {
  readonly code = 'SITE_START';
  override readonly name = 'TemplateError';
}

/** A template cut into its texts and values. */
export interface Template {
  parts: readonly (string | { value: TemplateValue })[];
  /** The style elements in it, as they are. */
  styles: readonly string[];
}

const TAG = /<%([=~-]?)\s*([\s\S]*?)\s*[-_]?%>/g;
/** What makes a browser ask for something else: whoever waits must cost nothing more. */
const OUTSIDE = [
  [/<script\b/i, 'a script'],
  [/<link\b/i, 'a link element'],
  [/<(?:iframe|object|embed|video|audio|source|base)\b/i, 'an element that loads something'],
  [/<img\b[^>]*\bsrc\s*=(?!\s*["']?data:)/i, 'an image that is no data: address'],
  [/\burl\((?!\s*["']?(?:data:|#))/i, 'a url() in a style that is no data: address'],
  [/@import\b/i, 'an @import in a style'],
  [/\bsrcset\s*=/i, 'a srcset'],
  [/http-equiv\s*=\s*["']?refresh/i, 'a refresh of its own'],
] as const;

/**
 * Reads a template: HTML with `<%= it.place %>`, as Eta writes it; nothing else of Eta, so no code of it runs while
 * everybody waits.
 * @throws {TemplateError} a line for each mistake
 */
export function readTemplate(source: string, name: string): Template {
  const mistakes: string[] = [];
  const bytes = Buffer.byteLength(source);
  if (bytes > MAX_TEMPLATE_BYTES)
    mistakes.push(
      `${name}: ${bytes} bytes; at most ${MAX_TEMPLATE_BYTES}, as everybody who waits gets it again and again`,
    );
  for (const [pattern, what] of OUTSIDE)
    if (pattern.test(source)) mistakes.push(`${name}: has ${what}; a waiting page must need nothing besides itself`);
  const parts: (string | { value: TemplateValue })[] = [];
  let at = 0;
  for (const found of source.matchAll(TAG)) {
    parts.push(source.slice(at, found.index));
    at = found.index + found[0].length;
    const value = /^it\.(\w+)$/.exec(found[2]!)?.[1];
    if (found[1] === '=' && TEMPLATE_VALUES.includes(value as TemplateValue))
      parts.push({ value: value as TemplateValue });
    else
      mistakes.push(
        `${name}: ${found[0].slice(0, 60)} cannot be used; there are ${TEMPLATE_VALUES.map((one) => `it.${one}`).join(', ')}, each as <%= it.place %>`,
      );
  }
  parts.push(source.slice(at));
  const styles = [...source.matchAll(/<style\b[^>]*>([\s\S]*?)<\/style>/gi)].map(([, style = '']) => style);
  if (styles.some((style) => style.includes('<%'))) mistakes.push(`${name}: a style must have no values`);
  if (mistakes.length > 0) throw new TemplateError(mistakes.join('\n'));
  return { parts, styles };
}

/**
 * The team's template at a path, or the standard one where there is none.
 * @throws {TemplateError} it cannot be read or used
 */
export function templateAt(path: string): Template {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return readTemplate(STANDARD_TEMPLATE, 'the standard waiting page');
    throw new TemplateError(`${path}: cannot be read (${code})`);
  }
  return readTemplate(source, path);
}

export const fill = ({ parts }: Template, values: TemplateValues): string =>
  parts.map((part) => (typeof part === 'string' ? part : escapeHtml(values[part.value]))).join('');
