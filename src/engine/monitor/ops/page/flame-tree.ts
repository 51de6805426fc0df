/** What `Profiler.stop` of the inspector gives, as far as it is read; `tahan`: what the worker adds. */
export interface CpuProfile {
  nodes: readonly {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
    children?: readonly number[];
  }[];
  /** Nodes that ran, and the time since the sample before, µs. */
  samples?: readonly number[];
  timeDeltas?: readonly number[];
  tahan?: { seconds: number; heap: Record<string, number>; collections: number; collectedMs: number };
}

/** Whose code it is: a file of the server or the site, of a package, of Node.js, or none. */
export type Kind = 'own' | 'package' | 'node' | 'native';

/** A function as it was called from the one above it. */
export interface Frame {
  name: string;
  /** File and line; empty: none. */
  place: string;
  kind: Kind;
  selfMs: number;
  totalMs: number;
  children: Frame[];
}

export interface Flame {
  root: Frame;
  /** Time in which nothing ran, ms: it is not in the tree. */
  idleMs: number;
}

const IDLE = '(idle)';
const ROOT = '(root)';

/** The tree of what ran, with the calls of one function from one place put together. @throws {Error} it is no profile */
export function flameOf({ nodes, samples = [], timeDeltas = [] }: CpuProfile): Flame {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const top = nodes[0];
  if (top === undefined) throw new Error('The profile is empty.');
  const selfMs = new Map<number, number>();
  for (const [index, id] of samples.entries())
    selfMs.set(id, (selfMs.get(id) ?? 0) + Math.max(0, timeDeltas[index] ?? 0) / 1_000);
  let idleMs = 0;
  const walk = (ids: readonly number[], into: Frame): void => {
    for (const id of ids) {
      const node = byId.get(id);
      if (node === undefined) continue;
      const { functionName, url, lineNumber } = node.callFrame;
      const own = selfMs.get(id) ?? 0;
      if (functionName === IDLE) {
        idleMs += own;
        continue;
      }
      const name = functionName === '' ? '(anonymous)' : functionName;
      const place = placeOf(url, lineNumber);
      let frame = into.children.find((one) => one.name === name && one.place === place);
      if (frame === undefined) {
        frame = { name, place, kind: kindOf(url), selfMs: 0, totalMs: 0, children: [] };
        into.children.push(frame);
      }
      frame.selfMs += own;
      walk(node.children ?? [], frame);
    }
  };
  const root: Frame = {
    name: ROOT,
    place: '',
    kind: 'native',
    selfMs: selfMs.get(top.id) ?? 0,
    totalMs: 0,
    children: [],
  };
  walk(top.children ?? [], root);
  addUp(root);
  return { root, idleMs };
}

function addUp(frame: Frame): void {
  frame.totalMs = frame.selfMs;
  for (const child of frame.children) {
    addUp(child);
    frame.totalMs += child.totalMs;
  }
  frame.children = frame.children
    .filter(({ totalMs }) => totalMs > 0)
    .sort((one, other) => other.totalMs - one.totalMs);
}

/** The last two parts of the path, and the line. */
const placeOf = (url: string, line: number): string =>
  url === '' ? '' : `${url.split('/').slice(-2).join('/')}:${line + 1}`;

function kindOf(url: string): Kind {
  if (url === '') return 'native';
  if (url.startsWith('node:')) return 'node';
  return url.includes('/node_modules/') ? 'package' : 'own';
}

/** Functions by the time that they took themselves, most first. */
export function topFunctions(root: Frame, most: number): Pick<Frame, 'name' | 'place' | 'selfMs'>[] {
  const found = new Map<string, Pick<Frame, 'name' | 'place' | 'selfMs'>>();
  const walk = ({ name, place, selfMs, children }: Frame): void => {
    const key = `${name} ${place}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { name, place, selfMs });
    else known.selfMs += selfMs;
    for (const child of children) walk(child);
  };
  walk(root);
  return [...found.values()]
    .filter(({ selfMs }) => selfMs > 0)
    .sort((one, other) => other.selfMs - one.selfMs)
    .slice(0, most);
}

/** A frame as it is drawn; parts of the whole width. */
export interface Box {
  frame: Frame;
  depth: number;
  left: number;
  width: number;
}

/** What is drawn at most; narrower or deeper than this nobody reads. */
export const MAX_BOXES = 1_000;
export const MAX_DEPTH = 60;
const LEAST_WIDTH = 0.002;

/** Where each frame is drawn when the last of `path` takes the whole width; `path`: the frames that lead there from the root. */
export function boxesOf(path: readonly Frame[]): Box[] {
  const boxes: Box[] = path.slice(0, -1).map((frame, depth) => ({ frame, depth, left: 0, width: 1 }));
  const shown = path.at(-1);
  if (shown === undefined) return boxes;
  // Breadth first: where there are too many, it is the deepest that are left out.
  const open: Box[] = [{ frame: shown, depth: path.length - 1, left: 0, width: 1 }];
  for (let box = open.shift(); box !== undefined && boxes.length < MAX_BOXES; box = open.shift()) {
    boxes.push(box);
    if (box.depth + 1 >= MAX_DEPTH + path.length - 1) continue;
    let { left } = box;
    for (const frame of box.frame.children) {
      const width = (box.width * frame.totalMs) / box.frame.totalMs;
      if (width >= LEAST_WIDTH) open.push({ frame, depth: box.depth + 1, left, width });
      left += width;
    }
  }
  return boxes;
}
