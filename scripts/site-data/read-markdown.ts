import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { FrontMatterError, parseFrontMatter } from '../../src/site/data/front-matter.ts';
import { MarkdownTooComplexError, splitTitle } from '../../src/site/tasks/markdown.ts';
import { MAX_MARKDOWN, slug as slugRule, tagNames, title as titleRule } from '../../src/site/tasks/rules.ts';

/** Largest file, bytes. */
const MAX_FILE_BYTES = 256 * 1024;
const MAX_TITLE = 200;

/** What a Markdown file says of its post. */
export interface MarkdownFile {
  title: string;
  slug: string | undefined;
  /** Epoch ms; undefined: it does not say. */
  date: number | undefined;
  /** When the file was changed last, epoch ms. */
  changedAt: number;
  tags: string[];
  markdown: string;
}

/** The file cannot become a post; the message says why in a few words. */
export class UnreadableFileError extends Error {
  readonly code = 'UNREADABLE_FILE';
  override readonly name = 'UnreadableFileError';
}

/** @throws {UnreadableFileError} */
export function readBytes(path: string): { bytes: Buffer; changedAt: number; contentHash: string } {
  let file: number;
  try {
    // A link put in the file's place meanwhile is not followed; a pipe does not block.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw new UnreadableFileError(`cannot be opened (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    const { size, mtimeMs } = fstatSync(file);
    if (size > MAX_FILE_BYTES) throw new UnreadableFileError(`too large: ${size} bytes, at most ${MAX_FILE_BYTES}`);
    const bytes = Buffer.alloc(size);
    const read = readSync(file, bytes, 0, size, 0);
    const content = bytes.subarray(0, read);
    return {
      bytes: content,
      changedAt: Math.trunc(mtimeMs),
      contentHash: createHash('sha256').update(content).digest('hex'),
    };
  } finally {
    closeSync(file);
  }
}

function decode(bytes: Buffer): string {
  if (bytes.includes(0)) throw new UnreadableFileError('binary');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UnreadableFileError('binary, or not UTF-8');
  }
}

/** `2026-03-09`, with or without a time; without a zone it is UTC. */
const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?(?:\.\d{1,3})?)\s?(Z|[+-]\d{2}:?\d{2})?)?$/;

function readDate(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const [, year, month, day, time = '00:00', zone = 'Z'] = DATE.exec(String(value).trim()) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${time}${zone}`);
  // Date.parse takes the 31st of February for the 3rd of March.
  const isDay = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  if (Number.isNaN(at) || at < 0 || !isDay) throw new UnreadableFileError(`bad date: ${JSON.stringify(value)}`);
  return at;
}

function readTags(value: unknown): string[] {
  const names = typeof value === 'string' ? value.split(',').filter((name) => name.trim() !== '') : (value ?? []);
  const tags = tagNames.safeParse(
    Array.isArray(names) ? names.map((name) => (typeof name === 'number' ? String(name) : name)) : names,
  );
  if (!tags.success) throw new UnreadableFileError(`bad tags: ${JSON.stringify(value)}`);
  return tags.data;
}

function readSlug(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const slug = slugRule.safeParse(String(value));
  if (!slug.success) throw new UnreadableFileError(`bad slug: ${JSON.stringify(value)}`);
  return slug.data;
}

/**
 * The post in the bytes of a Markdown file.
 * @throws {UnreadableFileError} binary, no title, a bad date, ...
 */
export function readMarkdown(bytes: Buffer, changedAt: number): MarkdownFile {
  try {
    const { fields, body } = parseFrontMatter(decode(bytes));
    if (body.length > MAX_MARKDOWN)
      throw new UnreadableFileError(`too large: ${body.length} characters, at most ${MAX_MARKDOWN}`);
    const own = typeof fields.title === 'string' || typeof fields.title === 'number' ? String(fields.title).trim() : '';
    const { title, rest } = own === '' ? (splitTitle(body) ?? { title: '', rest: body }) : { title: own, rest: body };
    const usable = titleRule.safeParse(title.replace(/\s+/g, ' ').slice(0, MAX_TITLE));
    if (!usable.success) throw new UnreadableFileError('no title');
    const { date, tags, slug } = fields;
    return {
      title: usable.data,
      slug: readSlug(slug),
      date: readDate(date),
      changedAt,
      tags: readTags(tags),
      markdown: rest.trim(),
    };
  } catch (error) {
    if (error instanceof FrontMatterError) throw new UnreadableFileError(`front matter: ${error.message}`);
    if (error instanceof MarkdownTooComplexError) throw new UnreadableFileError(error.message);
    throw error;
  }
}
