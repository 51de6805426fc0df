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

/** The first folder below engine, or below src. */
const room = (file: string): string => /^(?:engine\/)?([^/]+)\//.exec(file)?.[1] ?? '';

/** Imports of rooms (or one file) by a room. */
const crossing = (from: readonly string[], to: readonly string[]): string[] =>
  imports
    .filter((one) => from.includes(room(one.from)) && to.includes(room(one.to)) && room(one.from) !== room(one.to))
    .map((one) => `${one.from} -> ${one.to}`);

const PROCESSES = ['primary', 'worker', 'lifeboat', 'monitor'];
/** The rooms in which a request is answered, and those below them. */
const WAY = ['request', 'admission', 'pages'];
const BELOW = ['cache', 'pool', 'metrics', 'alerts'];

describe('the one-way rule', () => {
  test('there is something to look at', () => {
    expect(imports.length).toBeGreaterThan(100);
    for (const name of [...PROCESSES, ...WAY, ...BELOW])
      expect([name, imports.some(({ from }) => room(from) === name)]).toEqual([name, true]);
  });

  test('the engine never imports the site', () => {
    expect(imports.filter(({ from, to }) => from.startsWith('engine/') && to.startsWith('site/'))).toEqual([]);
  });

  test('primary, worker, lifeboat and monitor do not import one another', () => {
    expect(crossing(PROCESSES, PROCESSES)).toEqual([]);
  });

  test('no room of the engine imports a process', () => {
    expect(crossing([...WAY, ...BELOW], PROCESSES)).toEqual([]);
  });

  test('the site imports of the engine only what is not a process', () => {
    expect(imports.filter(({ from, to }) => from.startsWith('site/') && PROCESSES.includes(room(to)))).toEqual([]);
  });

  test('admission and pages do not import request', () => {
    expect(crossing(['admission', 'pages'], ['request'])).toEqual([]);
  });

  test('admission does not import pages', () => {
    expect(crossing(['admission'], ['pages'])).toEqual([]);
  });

  test('cache, pool, metrics and alerts import none of the rooms above them', () => {
    expect(crossing(BELOW, WAY)).toEqual([]);
  });

  test('there is no circle, of types either', () => {
    expect(circlesOf(imports)).toEqual([]);
  });

  test('a circle would be seen', () => {
    const edges = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'c', to: 'b' },
    ];
    expect(circlesOf(edges)).toEqual(['b -> c -> b']);
  });
});

function circlesOf(edges: readonly { from: string; to: string }[]): string[] {
  const graph = new Map<string, string[]>();
  for (const { from, to } of edges) graph.set(from, [...(graph.get(from) ?? []), to]);
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
  for (const file of graph.keys()) walk(file, []);
  return circles;
}
