import * as api from './api.ts';
import { byId, el, setText, tableRow } from './dom.ts';
import { boxesOf, type CpuProfile, type Flame, type Frame, flameOf, topFunctions } from './flame-tree.ts';
import { bytes, duration, percent } from './format.ts';

const ROW_PX = 22;
/** Of the table. */
const MAX_TOP = 12;
/** A frame that is narrower is no stop of the keyboard. */
const LEAST_STOP = 0.01;

/** Shows a CPU profile as a flame graph. `path`: below `/ops/api/`. */
export async function showFlame(path: string): Promise<void> {
  const dialog = byId<HTMLDialogElement>('flame');
  const name = path.slice(path.lastIndexOf('/') + 1);
  dialog.setAttribute('aria-labelledby', 'flame-title');
  const head = el('h2', { id: 'flame-title' }, 'CPU profile');
  const words = el('p', { class: 'hint', role: 'status' }, 'It is read.');
  const close = el('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Close');
  dialog.replaceChildren(head, words, el('div', { class: 'row' }, close));
  dialog.showModal();
  try {
    const profile = await api.profile(path);
    const flame = flameOf(profile);
    dialog.replaceChildren(
      head,
      el('p', { class: 'hint' }, headWords(name, flame)),
      el('div', { class: 'row' }, el('a', { class: 'quiet', href: `/ops/api/${path}` }, 'Download'), close),
      ...graph(flame.root),
      el('h3', {}, 'Most time in the function itself'),
      el('section', { class: 'scroll', 'aria-label': 'Functions', tabindex: 0 }, topTable(flame.root)),
      ...heapWords(profile),
    );
    close.focus();
  } catch (error) {
    setText(words, error instanceof Error ? error.message : String(error));
  }
}

function headWords(name: string, { root, idleMs }: Flame): string {
  const all = root.totalMs + idleMs;
  return `${name}: at work for ${duration(root.totalMs)} of ${duration(all)} (${percent(all === 0 ? 0 : root.totalMs / all)}). A click on a function shows it alone; the width is the time.`;
}

/** The graph, and the line that tells of the function that is pointed at. */
function graph(root: Frame): HTMLElement[] {
  const words = el('p', { class: 'flame-words' }, ' ');
  const holder = el('section', { class: 'flame', 'aria-label': 'Flame graph', tabindex: 0 });
  const told = ({ name, place, totalMs, selfMs }: Frame): string =>
    `${name}${place === '' ? '' : ` ${place}`}: ${duration(totalMs)} (${percent(root.totalMs === 0 ? 0 : totalMs / root.totalMs)}), itself ${duration(selfMs)}`;
  const draw = (path: readonly Frame[]): void => {
    const boxes = boxesOf(path);
    const tree = el('div', { class: 'flame-rows' });
    tree.style.height = `${(1 + Math.max(0, ...boxes.map(({ depth }) => depth))) * ROW_PX}px`;
    tree.append(
      ...boxes.map(({ frame, depth, left, width }) => {
        const box = el(
          'button',
          {
            type: 'button',
            class: `frame ${frame.kind}`,
            title: told(frame),
            ...(width < LEAST_STOP ? { tabindex: -1 } : {}),
            onclick: () => {
              const to = pathTo(root, frame);
              draw(to);
              holder.focus();
            },
            onpointerenter: () => setText(words, told(frame)),
            onfocus: () => setText(words, told(frame)),
          },
          frame.name,
        );
        box.style.top = `${depth * ROW_PX}px`;
        box.style.left = `${left * 100}%`;
        box.style.width = `${width * 100}%`;
        return box;
      }),
    );
    holder.replaceChildren(tree);
    setText(words, told(path.at(-1)!));
  };
  draw([root]);
  return [words, holder];
}

/** The frames from the root to this one. */
function pathTo(root: Frame, wanted: Frame): Frame[] {
  if (root === wanted) return [root];
  for (const child of root.children) {
    const rest = pathTo(child, wanted);
    if (rest.length > 0) return [root, ...rest];
  }
  return [];
}

function topTable(root: Frame): HTMLElement {
  return el(
    'table',
    { class: 'fleet tail' },
    el(
      'thead',
      {},
      el('tr', {}, ...['Function', 'Where', 'Itself', 'Share'].map((head) => el('th', { scope: 'col' }, head))),
    ),
    el(
      'tbody',
      {},
      ...topFunctions(root, MAX_TOP).map(({ name, place, selfMs }) =>
        tableRow(name, [place, duration(selfMs), percent(selfMs / root.totalMs)]),
      ),
    ),
  );
}

function heapWords({ tahan }: CpuProfile): HTMLElement[] {
  if (tahan === undefined) return [];
  const { heap, collections, collectedMs } = tahan;
  const of = (name: string): string => bytes(heap[name] ?? 0);
  return [
    el('h3', {}, 'Heap'),
    el(
      'p',
      {},
      `${of('used')} in use of ${of('committed')} taken; it may grow to ${of('limit')}. Outside of it ${of('external')} (of that ${of('arrayBuffers')} buffers); the process has ${of('resident')}. ${collections} garbage collections took ${duration(collectedMs)}; ${heap.detachedContexts ?? 0} contexts are detached.`,
    ),
  ];
}
