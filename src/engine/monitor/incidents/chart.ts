/** A line of a chart. */
export interface Line {
  name: string;
  colour: string;
  values: readonly (number | null)[];
}

export interface Mark {
  at: number;
  text: string;
}

export interface ChartOptions {
  title: string;
  unit: string;
  at: readonly number[];
  lines: readonly Line[];
  /** One on top of the other, as areas. */
  stacked?: boolean;
  marks: readonly Mark[];
  /** What is shaded: the incident itself. */
  from: number;
  until: number;
}

const WIDTH = 900;
const HEIGHT = 180;
const LEFT = 56;
const BOTTOM = 20;
const TOP = 8;

export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** A chart as SVG, which needs nothing but itself. Pure. */
export function chart({ title, unit, at, lines, stacked = false, marks, from, until }: ChartOptions): string {
  const [first = 0, last = 1] = [at[0], at.at(-1)];
  const sums = at.map((_, index) => lines.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const most = Math.max(1e-9, ...(stacked ? sums : lines.flatMap(({ values }) => values.map((value) => value ?? 0))));
  const top = niceAbove(most);
  const x = (time: number): number =>
    LEFT + ((Math.min(Math.max(time, first), last) - first) / Math.max(1, last - first)) * (WIDTH - LEFT - 4);
  const y = (value: number): number => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const below = new Array<number>(at.length).fill(0);
  const shapes = lines.map(({ colour, values }) => {
    if (!stacked) return `<path d="${pathOf(at, values, x, y)}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
    const base = [...below];
    for (const [index, value] of values.entries()) below[index]! += value ?? 0;
    const up = at.map((time, index) => `${round(x(time))},${round(y(below[index]!))}`);
    const back = at.map((time, index) => `${round(x(time))},${round(y(base[index]!))}`).reverse();
    return `<polygon points="${[...up, ...back].join(' ')}" fill="${colour}" fill-opacity="0.75"/>`;
  });
  const grid = [0, 0.5, 1].map((part) => {
    const value = top * part;
    return `<line x1="${LEFT}" x2="${WIDTH - 4}" y1="${round(y(value))}" y2="${round(y(value))}" class="grid"/><text x="${LEFT - 6}" y="${round(y(value) + 4)}" text-anchor="end">${shown(value)}</text>`;
  });
  const times = [first, (first + last) / 2, last].map(
    (time, index) =>
      `<text x="${round(x(time))}" y="${HEIGHT - 4}" text-anchor="${['start', 'middle', 'end'][index]}">${new Date(time).toISOString().slice(11, 19)}</text>`,
  );
  const notes = marks.map(
    ({ at: time, text }) =>
      `<line x1="${round(x(time))}" x2="${round(x(time))}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" class="mark"><title>${escapeHtml(text)}</title></line>`,
  );
  const legend = lines
    .map(({ name, colour }) => `<span><i style="background:${colour}"></i>${escapeHtml(name)}</span>`)
    .join(' ');
  return `<figure><figcaption>${escapeHtml(title)} <small>${escapeHtml(unit)}</small></figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${title}, ${unit}; at most ${shown(most)}`)}"><rect x="${round(x(from))}" y="${TOP}" width="${round(Math.max(1, x(until) - x(from)))}" height="${HEIGHT - TOP - BOTTOM}" class="shade"/>${grid.join('')}${shapes.join('')}${notes.join('')}${times.join('')}</svg><p class="legend">${legend}</p></figure>`;
}

function pathOf(
  at: readonly number[],
  values: readonly (number | null)[],
  x: (time: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let pen = 'M';
  for (const [index, value] of values.entries()) {
    // A gap stays a gap.
    if (value === null) pen = 'M';
    else {
      path += `${pen}${round(x(at[index]!))} ${round(y(value))}`;
      pen = 'L';
    }
  }
  return path;
}

/** The next of 1, 2, 5, 10, ... that is not less. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10);
}

const round = (value: number): number => Math.round(value * 10) / 10;
const shown = (value: number): string =>
  value >= 10 ? Math.round(value).toLocaleString('en-GB') : String(Number(value.toPrecision(2)));
