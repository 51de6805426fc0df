import { parse } from 'yaml';

/** The front matter is there, but is not YAML. */
export class FrontMatterError extends Error {
  readonly code = 'FRONT_MATTER';
  override readonly name = 'FrontMatterError';
}

export interface FrontMatter {
  /** Empty when the file has none. */
  fields: Record<string, unknown>;
  body: string;
}

const BLOCK = /^---[ \t]*\n([\s\S]*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|$)/;
/** YAML aliases could make gigabytes out of a few lines. */
const MAX_ALIASES = 20;

/**
 * Parts a Markdown file into the YAML between two lines of `---` at its top and the text. A rule (`---`) at the top
 * with prose behind it is text.
 * @throws {FrontMatterError}
 */
export function parseFrontMatter(file: string): FrontMatter {
  const text = file.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const block = BLOCK.exec(text);
  if (block === null) return { fields: {}, body: text };
  let fields: unknown;
  try {
    fields = parse(block[1] ?? '', { maxAliasCount: MAX_ALIASES, logLevel: 'error' });
  } catch (error) {
    throw new FrontMatterError((error as Error).message.split('\n')[0] ?? 'not YAML');
  }
  const body = text.slice(block[0].length);
  if (fields === null || fields === undefined) return { fields: {}, body };
  if (typeof fields !== 'object' || Array.isArray(fields)) return { fields: {}, body: text };
  return { fields: fields as Record<string, unknown>, body };
}
