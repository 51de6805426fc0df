import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SRC = join(ROOT, 'src');

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const IMPORT = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g;

/** Every relative import of src, as paths below src. */
const imports = files.flatMap((file) =>
  [...readFileSync(join(SRC, file), 'utf8').matchAll(IMPORT)].map(([, target = '']) => ({
    from: file,
    to: relative(SRC, resolve(SRC, dirname(file), target)),
  })),
);

const room = (file: string): string => /^engine\/(primary|worker|lifeboat)\//.exec(file)?.[1] ?? file.split('/')[0]!;

describe('the one-way rule', () => {
  test('there is something to look at', () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  test('the engine never imports the site', () => {
    expect(imports.filter(({ from, to }) => from.startsWith('engine/') && to.startsWith('site/'))).toEqual([]);
  });

  test('primary, worker and lifeboat do not import one another', () => {
    const processes = ['primary', 'worker', 'lifeboat'];
    const crossing = imports.filter(
      ({ from, to }) => processes.includes(room(from)) && processes.includes(room(to)) && room(from) !== room(to),
    );
    expect(crossing).toEqual([]);
  });

  test('the site imports of the engine only what is not a process', () => {
    expect(
      imports.filter(
        ({ from, to }) => from.startsWith('site/') && ['primary', 'worker', 'lifeboat'].includes(room(to)),
      ),
    ).toEqual([]);
  });

  test('there is no circle', () => {
    const graph = new Map<string, string[]>();
    for (const { from, to } of imports) graph.set(from, [...(graph.get(from) ?? []), to]);
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (file: string, path: string[]): void => {
      if (path.includes(file)) {
        circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      if (done.has(file)) return;
      for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
      done.add(file);
    };
    for (const file of files) walk(file, []);
    expect(circles.filter((circle) => !isTypeOnly(circle))).toEqual([]);
  });
});

/** A circle of types alone is no circle at run time; it needs at least one `import type` link. */
function isTypeOnly(circle: string): boolean {
  const steps = circle.split(' -> ');
  return steps.slice(0, -1).some((from, at) => {
    const target = steps[at + 1]!;
    const text = readFileSync(join(SRC, from), 'utf8');
    return [...text.matchAll(/import (type )?[^;]*?from '(\.{1,2}\/[^']+)'/g)]
      .filter(([, , path = '']) => relative(SRC, resolve(SRC, dirname(from), path)) === target)
      .every(([, type]) => type !== undefined);
  });
}
