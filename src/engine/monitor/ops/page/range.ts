import { byId, el, setText } from './dom.ts';
import { moment } from './format.ts';

/** What all panels show. `live`: it goes with the time. Epoch ms. */
export interface View {
  from: number;
  to: number;
  live: boolean;
  /** The same time so long ago is drawn along, ms; 0: none. */
  compareMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
export const SPANS: readonly (readonly [number, string])[] = [
  [5 * MINUTE, '5 min'],
  [15 * MINUTE, '15 min'],
  [HOUR, '1 h'],
  [6 * HOUR, '6 h'],
  [DAY, '24 h'],
  [7 * DAY, '7 days'],
  [30 * DAY, '30 days'],
  [365 * DAY, '1 year'],
];
const COMPARES: readonly (readonly [number, string])[] = [
  [0, 'nothing'],
  [DAY, 'the same time yesterday'],
  [7 * DAY, 'the same time last week'],
];
const START_MS = 15 * MINUTE;

/** The range picker: a span that goes with the time, or a piece of it that was chosen by a drag in a chart. */
export class RangePicker {
  private spanMs = START_MS;
  private fixed: { from: number; to: number } | undefined;
  private compareMs = 0;
  private readonly onChange: (view: View) => void;
  private readonly buttons = new Map<number, HTMLButtonElement>();

  constructor(onChange: (view: View) => void) {
    this.onChange = onChange;
    const group = byId('spans');
    for (const [ms, word] of SPANS) {
      const button = el('button', { type: 'button', onclick: () => this.choose(ms) }, word);
      this.buttons.set(ms, button);
      group.append(button);
    }
    const compare = byId<HTMLSelectElement>('compare');
    for (const [ms, word] of COMPARES) compare.append(el('option', { value: ms }, word));
    compare.addEventListener('change', () => {
      this.compareMs = Number(compare.value);
      this.tell();
    });
    byId('zoom-out').addEventListener('click', () => this.choose(this.spanMs));
    byId('earlier').addEventListener('click', () => this.move(-1));
    byId('later').addEventListener('click', () => this.move(1));
    this.show();
  }

  get choice(): { spanMs: number; compareMs: number } {
    const { spanMs, compareMs } = this;
    return { spanMs, compareMs };
  }

  /** What was chosen before. */
  begin({ spanMs, compareMs }: { spanMs: number; compareMs: number }): void {
    if (SPANS.some(([ms]) => ms === spanMs)) this.spanMs = spanMs;
    if (COMPARES.some(([ms]) => ms === compareMs)) this.compareMs = compareMs;
    byId<HTMLSelectElement>('compare').value = String(this.compareMs);
    this.show();
  }

  view(now = Date.now()): View {
    const { fixed, spanMs, compareMs } = this;
    return fixed === undefined
      ? { from: now - spanMs, to: now, live: true, compareMs }
      : { ...fixed, live: false, compareMs };
  }

  /** A piece was chosen by a drag. */
  zoom(from: number, to: number): void {
    this.fixed = { from, to };
    this.tell();
  }

  /** Goes half a range back or on; up to now it goes with the time again. */
  private move(direction: 1 | -1): void {
    const { from, to } = this.view();
    const by = (direction * (to - from)) / 2;
    if (to + by > Date.now()) this.choose(this.spanMs);
    else this.zoom(from + by, to + by);
  }

  private choose(ms: number): void {
    this.spanMs = ms;
    this.fixed = undefined;
    this.tell();
  }

  private tell(): void {
    this.show();
    this.onChange(this.view());
  }

  private show(): void {
    for (const [ms, button] of this.buttons)
      button.setAttribute('aria-pressed', String(this.fixed === undefined && ms === this.spanMs));
    byId('zoom-out').hidden = this.fixed === undefined;
    const now = Date.now();
    setText(
      byId('range-words'),
      this.fixed === undefined ? 'up to now' : `${moment(this.fixed.from, now)} to ${moment(this.fixed.to, now)}`,
    );
  }
}
