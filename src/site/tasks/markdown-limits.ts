/** Emphasis marks in one paragraph: the parser's time grows with their square, 0.7 s for this many (measured, marked 18). */
const MAX_MARKS = 2_500;
/** Cells of all tables: a row of one character makes as many cells as the table has columns. */
const MAX_CELLS = 20_000;
/** Quotes within one another: the parser calls itself for each. */
const MAX_QUOTES = 40;

const DELIMITER_ROW = /^[\s|:-]*-[\s|:-]*$/;
const BEGINS_BLOCK = /^\s*$|^ {0,3}[-+*]\s/;
const TOO_MANY_QUOTES = new RegExp(`^(?:\\s*>){${MAX_QUOTES + 1}}`);

/**
 * Why a text would take the parser far longer, or make a far longer page, than its length lets expect; undefined: it
 * would not. Reads each line once.
 */
export function tooComplex(markdown: string): string | undefined {
  let marks = 0;
  let columns = 0;
  let cells = 0;
  for (const line of markdown.split('\n')) {
    if (BEGINS_BLOCK.test(line)) {
      marks = 0;
      columns = 0;
    }
    marks += line.match(/\*+|_+|~+/g)?.length ?? 0;
    if (marks > MAX_MARKS) return `a paragraph has more than ${MAX_MARKS} emphasis marks`;
    cells += columns;
    if (cells > MAX_CELLS) return `its tables have more than ${MAX_CELLS} cells`;
    if (DELIMITER_ROW.test(line)) columns = Math.max(columns, line.split('|').length);
    if (TOO_MANY_QUOTES.test(line)) return `more than ${MAX_QUOTES} quotes within one another`;
  }
  return undefined;
}
