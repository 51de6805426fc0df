/** One small fault that is put into the source on purpose. A test must fail with it: else nothing holds that line. */
export interface Mutant {
  /** What the fault does, as the line of a report. */
  name: string;
  /** The file it is put into, below src/engine. */
  file: string;
  /** The exact text that is replaced; it must be there once. */
  text: string;
  to: string;
  /** The test file that must fail, below test. */
  test: string;
}

/** How often a text is in another one. */
export const timesIn = (text: string, source: string): number => source.split(text).length - 1;
