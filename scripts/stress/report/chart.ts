import { escapeHtml } from './escape.ts';

/** A line or an area of a chart. */
export interface Line {
  name: string;
  /** Class of its colour. */
  style: string;
  /** `x` in seconds; null: a gap. */
  points: readonly (readonly [x: number, y: number | null])[];
  area?: boolean;
}

/** Something that happened at a moment. */
export interface Mark {
  atS: number;
  text: string;
  style: string;
}

export interface Chart {
  title: string;
  unit: string;
  seconds: number;
  lines: readonly Line[];
  marks?: readonly Mark[];
  /** Most of the axis: so that one wild value does not flatten the rest. Default: the largest value. */
  top?: number;
}

const WIDTH = 720;
const HEIGHT = 150;
const LEFT = 52;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 20;

/** A chart over time as SVG: no script, no font, no file from elsewhere. */
export function timeChart({ title, unit, seconds, lines, marks = [], top }: Chart): string {
  const values = lines.flatMap(({ points }) => points.flatMap(([, y]) => (y === null ? [] : [y])));
  const most = niceTop(Math.min(top ?? Number.POSITIVE_INFINITY, Math.max(0, ...values)));
  const x = (s: number): number => LEFT + (Math.min(s, seconds) / Math.max(seconds, 0.001)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => TOP + (1 - Math.min(1, value / most)) * (HEIGHT - TOP - BOTTOM);
  const rows = [0, 0.5, 1].map(
    (part) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(most * part)}" y2="${y(most * part)}"/><text class="tick" x="${LEFT - 6}" y="${y(most * part) + 4}" text-anchor="end">${shownValue(most * part)}</text>`,
  );
  const columns = ticksOf(seconds).map(
    (s) => `<text class="tick" x="${x(s).toFixed(1)}" y="${HEIGHT - 5}" text-anchor="middle">${s} s</text>`,
  );
  const drawn = lines.map((line) => drawLine(line, x, y));
  const marked = marks.map(
    ({ atS, text, style }) =>
      `<line class="mark ${style}" x1="${x(atS).toFixed(1)}" x2="${x(atS).toFixed(1)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"><title>${escapeHtml(`${atS.toFixed(1)} s: ${text}`)}</title></line>`,
  );
  const legend = lines.map(({ name, style }) => `<span class="key ${style}">${escapeHtml(name)}</span>`).join('');
  return `<figure><figcaption><b>${escapeHtml(title)}</b> <span class="unit">${escapeHtml(unit)}</span>${legend}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${[...rows, ...columns, ...drawn, ...marked].join('')}</svg></figure>`;
}

function drawLine({ points, style, area }: Line, x: (s: number) => number, y: (value: number) => number): string {
  const runs: string[][] = [[]];
  for (const [s, value] of points) {
    if (value === null) {
      if (runs.at(-1)!.length > 0) runs.push([]);
    } else runs.at(-1)!.push(`${x(s).toFixed(1)} ${y(value).toFixed(1)}`);
  }
  return runs
    .filter((run) => run.length > 0)
    .map((run) => {
      const path = `M${run.join('L')}`;
      if (area !== true) return `<path class="line ${style}" d="${run.length === 1 ? `${path}h1` : path}"/>`;
      const [first, last] = [run[0]!.split(' ')[0], run.at(-1)!.split(' ')[0]];
      return `<path class="area ${style}" d="${path}L${last} ${y(0)}L${first} ${y(0)}Z"/>`;
    })
    .join('');
}

/** The least of 1, 2, 5 times a power of ten that is not below a value. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((nice) => nice >= value * 0.999)!;
}

function ticksOf(seconds: number): number[] {
  const step = [1, 2, 5, 10, 20, 30, 60, 120, 300].find((each) => seconds / each <= 12) ?? 600;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
}

const shownValue = (value: number): string =>
  value >= 10_000 ? `${value / 1_000}k` : String(Number(value.toPrecision(3)));
