import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const LOOKS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [390, 1_280].map((width) => ({ colorScheme, width })),
);

/** Of a part of a page whose colours are those of the rest. */
export const ONE_LOOK = LOOKS.filter(({ colorScheme, width }) => colorScheme === 'dark' && width === 390);

/**
 * What axe finds on the page, in light and dark, on a telephone and on a desk; each named once. `look` is called for each.
 */
export async function violations(
  page: Page,
  look: (width: number) => Promise<void> = () => Promise.resolve(),
  looks = LOOKS,
): Promise<string[]> {
  const found = new Set<string>();
  await page.evaluate(AXE);
  for (const { colorScheme, width } of looks) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 900 });
    // Of the rules that pass, their number is enough: no list of all elements.
    const results = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as AxeResults;
    expect(results.passes.length).toBeGreaterThan(10);
    for (const { id, nodes } of results.violations)
      for (const { target } of nodes) found.add(`${id}: ${target} (${colorScheme}, ${width} px)`);
    await look(width);
  }
  return [...found];
}
