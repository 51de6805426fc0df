import { describe, expect, test } from '@jest/globals';
import {
  boxesOf,
  type CpuProfile,
  flameOf,
  MAX_BOXES,
  MAX_DEPTH,
  topFunctions,
} from '../../../../src/engine/monitor/ops/page/flame-tree.ts';

const node = (id: number, functionName: string, children: number[] = [], url = 'file:///srv/site/src/app.ts') => ({
  id,
  callFrame: { functionName, url, lineNumber: 9 },
  children,
});
/** 1 ms of each sample. */
const profileOf = (nodes: CpuProfile['nodes'], samples: number[]): CpuProfile => ({
  nodes,
  samples,
  timeDeltas: samples.map(() => 1_000),
});

describe('a CPU profile as a tree', () => {
  test('adds up the time of each function, puts calls from one place together, and leaves out the idle time', () => {
    const { root, idleMs } = flameOf(
      profileOf(
        [
          node(1, '(root)', [2, 3, 4, 7], ''),
          node(2, '(idle)', [], ''),
          node(3, 'render', [5]),
          node(4, 'render', [6]),
          node(5, 'markdown', [], 'file:///srv/node_modules/marked/lib/marked.js'),
          node(6, '', [], 'node:internal/url'),
          node(7, '(garbage collector)', [], ''),
        ],
        [2, 2, 2, 3, 4, 5, 5, 6, 7],
      ),
    );
    expect(idleMs).toBe(3);
    expect(root.totalMs).toBe(6);
    const [render] = root.children;
    expect(render).toMatchObject({ name: 'render', place: 'src/app.ts:10', kind: 'own', selfMs: 2, totalMs: 5 });
    expect(render!.children.map(({ name, kind, totalMs }) => [name, kind, totalMs])).toEqual([
      ['markdown', 'package', 2],
      ['(anonymous)', 'node', 1],
    ]);
    expect(topFunctions(root, 2).map(({ name, selfMs }) => [name, selfMs])).toEqual([
      ['render', 2],
      ['markdown', 2],
    ]);
  });

  test('of nothing is told', () => {
    expect(() => flameOf({ nodes: [] })).toThrow('empty');
    expect(flameOf({ nodes: [node(1, '(root)')] }).root.totalMs).toBe(0);
  });
});

describe('the boxes of a flame graph', () => {
  test('are as wide as their time, below the one that called them', () => {
    const { root } = flameOf(
      profileOf([node(1, '(root)', [2, 3], ''), node(2, 'a'), node(3, 'b', [4]), node(4, 'c')], [2, 3, 4, 4]),
    );
    const shown = boxesOf([root]).map(({ frame, depth, left, width }) => [frame.name, depth, left, width]);
    expect(shown).toEqual([
      ['(root)', 0, 0, 1],
      ['b', 1, 0, 0.75],
      ['a', 1, 0.75, 0.25],
      ['c', 2, 0, 0.5],
    ]);
    const b = root.children[0]!;
    expect(boxesOf([root, b]).map(({ frame, width }) => [frame.name, width])).toEqual([
      ['(root)', 1],
      ['b', 1],
      ['c', 2 / 3],
    ]);
  });

  test('are bounded in number, width and depth', () => {
    const many = Array.from({ length: 3_000 }, (_, index) => index + 2);
    const wide = flameOf(profileOf([node(1, '(root)', many, ''), ...many.map((id) => node(id, `f${id}`))], many)).root;
    // All are narrower than anybody can see.
    expect(boxesOf([wide])).toHaveLength(1);
    const deep = Array.from({ length: 500 }, (_, index) => node(index + 1, `f${index}`, [index + 2]));
    const chain = flameOf(profileOf([...deep, node(501, 'last')], [501])).root;
    expect(boxesOf([chain])).toHaveLength(MAX_DEPTH);
    // 30 columns of 50 rows.
    const columns = Array.from({ length: 30 }, (_, column) => 2 + column * 50);
    const rows = columns.flatMap((first) =>
      Array.from({ length: 50 }, (_, row) => node(first + row, `f${first + row}`, row < 49 ? [first + row + 1] : [])),
    );
    const full = flameOf(
      profileOf(
        [node(1, '(root)', columns, ''), ...rows],
        columns.map((first) => first + 49),
      ),
    ).root;
    expect(boxesOf([full])).toHaveLength(MAX_BOXES);
  });
});
