import type uPlotType from 'uplot';
import type { OpsEvent } from '../../../monitor-sample.ts';
import type { HistoryAnswer } from '../source.ts';
import { CHARTS, type ChartPlan, type Line, linesOf } from './chart-list.ts';
import { byId, el, setClass, setText } from './dom.ts';
import type { View } from './range.ts';

/** The script of uPlot, which stands before this one. */
declare const uPlot: typeof uPlotType;

/** Points in which the last known value is looked for. */
const NEWEST = 5;
/** Steps of an axis of bytes. */
const MIBS = Array.from({ length: 20 }, (_, power) => 1_048_576 * 2 ** power);
const HEIGHT = 168;
/** With more lines there is no legend: it would be longer than the chart is high. */
const MAX_NAMED = 12;
/** Colours of the events on the time axis, by kind; another has that of the text. */
const EVENT_COLOURS: Record<string, string> = {
  alert: '--failed',
  death: '--failed',
  mode: '--last-good',
  scale: '--fresh',
  reload: '--site',
  purge: '--refused',
};

type Values = (number | null)[];

/** What one drawing needs. */
export interface Picture {
  history: HistoryAnswer;
  /** The same time earlier, on its own points. */
  before: HistoryAnswer | undefined;
  events: readonly OpsEvent[];
  view: View;
}

const colour = (name: string): string =>
  name.startsWith('--') ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : name;

/** One chart: its figure, and uPlot in it. */
class Chart {
  private readonly plan: ChartPlan;
  private readonly holder = el('div', { class: 'plot' });
  private readonly words = el('p', { class: 'visually-hidden' });
  private readonly onZoom: (from: number, to: number) => void;
  private plot: uPlotType | undefined;
  private lines: readonly Line[] = [];
  private raw: Values[] = [];
  private events: readonly OpsEvent[] = [];
  private compared = false;

  constructor(plan: ChartPlan, place: Element, onZoom: (from: number, to: number) => void) {
    this.plan = plan;
    this.onZoom = onZoom;
    place.append(
      el(
        'figure',
        { class: 'card chart', id: `chart-${plan.id}` },
        el('figcaption', {}, el('h3', {}, plan.title), el('p', { class: 'hint' }, plan.hint)),
        el('div', {}, this.holder, this.words),
      ),
    );
    new ResizeObserver(() => this.plot?.setSize({ width: this.holder.clientWidth, height: HEIGHT })).observe(
      this.holder,
    );
  }

  draw({ history, before, events, view }: Picture): void {
    this.events = events;
    const lines = linesOf(this.plan, Object.keys(history.series));
    const sameLines = lines.length === this.lines.length;
    this.lines = lines;
    this.raw = lines.map(({ series }) => [...(history.series[series] ?? history.at.map(() => null))]);
    const data = [history.at.map((at) => at / 1_000), ...(this.plan.stacked ? stacked(this.raw) : this.raw)];
    if (before !== undefined) data.push(this.comparedLine(history, before, view.compareMs));
    if (this.plot === undefined || !sameLines || this.compared !== (before !== undefined)) {
      this.plot?.destroy();
      this.compared = before !== undefined;
      this.plot = new uPlot(this.options(), data as uPlotType.AlignedData, this.holder);
    } else this.plot.setData(data as uPlotType.AlignedData, false);
    this.plot.setScale('x', { min: view.from / 1_000, max: view.to / 1_000 });
    this.showLast();
    setText(this.words, this.spoken());
    setClass(this.words, lines.length <= MAX_NAMED ? 'visually-hidden' : 'hint');
  }

  /** The legend does not follow new points by itself: it tells the last ones while nobody points at others. */
  private showLast(): void {
    if ((this.plot?.cursor.left ?? -1) < 0) this.plot?.setLegend({ idxs: this.plot.series.map(() => null) });
  }

  /** The colours of the page changed. */
  forget(): void {
    this.plot?.destroy();
    this.plot = undefined;
  }

  /** The first line (or the sum) at the same time earlier, put on the points of today. */
  private comparedLine({ at, stepMs }: HistoryAnswer, before: HistoryAnswer, byMs: number): Values {
    const lines = this.lines.map(({ series }) => [...(before.series[series] ?? [])]);
    const line = (this.plan.stacked ? stacked(lines).at(-1) : lines[0]) ?? [];
    const by = new Map(before.at.map((time, index) => [Math.round((time + byMs) / stepMs), line[index] ?? null]));
    return at.map((time) => by.get(Math.round(time / stepMs)) ?? null);
  }

  private options(): uPlotType.Options {
    const { leastTop, shown, stacked: isStacked, binary } = this.plan;
    const { lines } = this;
    const grid = { stroke: colour('--line'), width: 1 };
    const axis = { stroke: colour('--soft'), grid, ticks: { show: false }, font: `12px ${colour('--sans')}` };
    const lastOrAt = (_: uPlotType, __: number | null, index: number, at: number | null): string => {
      const value = at === null ? last(this.raw[index - 1]) : this.raw[index - 1]?.[at];
      return value == null ? '–' : shown(value);
    };
    const series: uPlotType.Series[] = lines.map(({ label, colour: name, dashed }, index) => ({
      label,
      stroke: colour(name),
      width: isStacked ? 0 : 1.75,
      points: { show: false },
      value: lastOrAt,
      ...(dashed ? { dash: [6, 4] } : {}),
      ...(isStacked && index === 0 ? { fill: `${colour(name)}cc` } : {}),
    }));
    if (this.compared)
      series.push({
        label: isStacked ? 'all, then' : `${lines[0]?.label}, then`,
        stroke: colour('--ink'),
        width: 1.25,
        dash: [2, 4],
        points: { show: false },
        value: (_, value) => (value == null ? '–' : shown(value)),
      });
    return {
      width: this.holder.clientWidth || 300,
      height: HEIGHT,
      ms: 1e-3,
      cursor: { sync: { key: 'ops' }, drag: { x: true, y: false, setScale: false } },
      select: { show: true, left: 0, top: 0, width: 0, height: 0 },
      scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(leastTop, (max ?? 0) * 1.08)] } },
      axes: [
        { ...axis, size: 30, space: timeSpace, values: timeLabels },
        {
          ...axis,
          size: 62,
          space: 34,
          values: (_, splits) => splits.map((value) => shown(value)),
          ...(binary ? { incrs: MIBS } : {}),
        },
      ],
      legend: {
        show: lines.length <= MAX_NAMED,
        live: true,
        markers: { width: 0, fill: (_, index) => colour(lines[index - 1]?.colour ?? '--ink') },
      },
      series: [
        {
          label: 'time',
          value: (_, value) => (value == null ? '' : new Date(value * 1_000).toLocaleTimeString('en-GB')),
        },
        ...series,
      ],
      ...(isStacked
        ? {
            bands: lines.slice(1).map(({ colour: name }, index) => ({
              series: [index + 2, index + 1] as uPlotType.Band.Bounds,
              fill: `${colour(name)}cc`,
            })),
          }
        : {}),
      hooks: {
        drawClear: [(plot) => this.drawEvents(plot)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 5) return;
            this.onZoom(plot.posToVal(left, 'x') * 1_000, plot.posToVal(left + width, 'x') * 1_000);
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    };
  }

  private drawEvents(plot: uPlotType): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const { at, kind } of this.events) {
      const x = Math.round(plot.valToPos(at / 1_000, 'x', true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = colour(EVENT_COLOURS[kind] ?? '--soft');
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  private spoken(): string {
    const now = this.lines.map(({ label }, index) => ({ label, value: last(this.raw[index]) }));
    const said = now.length <= MAX_NAMED ? now : [highest(now)];
    const words = said.map(({ label, value }) => `${label} ${value == null ? 'not known' : this.plan.shown(value)}`);
    return now.length <= MAX_NAMED ? `Last: ${words.join(', ')}.` : `Highest of ${now.length}, last: ${words[0]}.`;
  }
}

/** Labels with seconds are longer, px. */
const timeSpace = (_: uPlotType, __: number, from: number, to: number, width: number): number =>
  ((to - from) / width) * 64 > 30 ? 44 : 64;

const timeLabels = (_: uPlotType, splits: number[], __: number, ___: number, step: number): string[] =>
  splits.map((at) => {
    const time = new Date(at * 1_000);
    if (step >= 86_400) return `${time.getDate()} ${time.toLocaleString('en', { month: 'short' })}`;
    return time.toLocaleTimeString('en-GB', step < 60 ? {} : { hour: '2-digit', minute: '2-digit' });
  });

interface Named {
  label: string;
  value: number | null | undefined;
}

const highest = (lines: readonly Named[]): Named =>
  lines.reduce((most, line) => ((line.value ?? -1) > (most.value ?? -1) ? line : most));

/** The newest value that is known, if it is of the last points. */
const last = (values: Values | undefined): number | null | undefined =>
  values?.slice(-NEWEST).findLast((value) => value !== null);

/** Each line on the ones before it; a time of which nothing is known stays a gap. */
function stacked(lines: readonly Values[]): Values[] {
  const sums: Values[] = [];
  for (const line of lines) {
    const below = sums.at(-1);
    sums.push(line.map((value, index) => (value === null ? null : value + (below?.[index] ?? 0))));
  }
  return sums;
}

/** All charts of the page. */
export class Charts {
  private readonly charts: readonly Chart[];
  private picture: Picture | undefined;
  private dragging = false;

  constructor(onZoom: (from: number, to: number) => void) {
    const place = byId('charts');
    this.charts = CHARTS.map((plan) => new Chart(plan, place, onZoom));
    place.addEventListener('mousedown', () => {
      this.dragging = true;
    });
    document.addEventListener('mouseup', () => {
      this.dragging = false;
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.recolour());
  }

  /** The colours of the page are others now. */
  recolour(): void {
    for (const chart of this.charts) chart.forget();
    if (this.picture !== undefined) this.draw(this.picture);
  }

  draw(picture: Picture): void {
    this.picture = picture;
    // A piece is being chosen: it must not move meanwhile.
    if (this.dragging) return;
    for (const chart of this.charts) chart.draw(picture);
  }
}
