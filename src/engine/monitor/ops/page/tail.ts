import type { Outcome } from '../../../monitor-sample.ts';
import type { ShownRequest } from '../source.ts';
import { byId, el, setText } from './dom.ts';
import { clock, duration } from './format.ts';
import { OUTCOMES } from './words.ts';

/** Requests that the page remembers, and rows that it shows; routes to choose from. */
const MAX_KEPT = 1_000;
const MAX_ROWS = 100;
const MAX_ROUTES = 100;

const OUTCOME_WORDS = new Map<Outcome, string>(OUTCOMES);
const STATUSES: readonly (readonly [string, string])[] = [
  ['', 'all'],
  ['2', '2xx'],
  ['3', '3xx'],
  ['4', '4xx'],
  ['5', '5xx'],
];

/** Requests as they are answered, while somebody wants to see them. */
export class TailPanel {
  private kept: ShownRequest[] = [];
  private watching = false;
  private readonly routes = new Set<string>();
  private readonly filters = {
    route: byId<HTMLSelectElement>('tail-route'),
    outcome: byId<HTMLSelectElement>('tail-outcome'),
    status: byId<HTMLSelectElement>('tail-status'),
  };
  private readonly button = byId<HTMLButtonElement>('tail-watch');
  private readonly body = byId('tail-rows');

  /** `onWatch`: whether requests are wanted from now on. */
  constructor(onWatch: (watching: boolean) => void) {
    const { route, outcome, status } = this.filters;
    route.append(el('option', { value: '' }, 'all'));
    outcome.append(
      el('option', { value: '' }, 'all'),
      ...OUTCOMES.map(([name, word]) => el('option', { value: name }, word)),
    );
    status.append(...STATUSES.map(([value, word]) => el('option', { value }, word)));
    for (const select of [route, outcome, status]) select.addEventListener('change', () => this.show());
    this.button.addEventListener('click', () => {
      this.watching = !this.watching;
      this.button.setAttribute('aria-pressed', String(this.watching));
      setText(this.button, this.watching ? 'Stop' : 'Watch requests');
      onWatch(this.watching);
      this.show();
    });
  }

  /** Somebody reads the rows: they stay where they are. */
  private get held(): boolean {
    return (
      this.body.matches(':hover') ||
      this.body.contains(document.activeElement) ||
      byId<HTMLDialogElement>('request').open
    );
  }

  take(requests: readonly ShownRequest[]): void {
    this.kept = [...this.kept, ...requests].sort((one, other) => one.at - other.at).slice(-MAX_KEPT);
    for (const { route } of requests) this.addRoute(route);
    if (!this.held) this.show();
  }

  private addRoute(route: string): void {
    if (this.routes.has(route) || this.routes.size >= MAX_ROUTES) return;
    this.routes.add(route);
    this.filters.route.append(el('option', { value: route }, route));
  }

  private show(): void {
    const { route, outcome, status } = this.filters;
    const wanted = this.kept.filter(
      (one) =>
        (route.value === '' || one.route === route.value) &&
        (outcome.value === '' || one.outcome === outcome.value) &&
        String(one.status).startsWith(status.value),
    );
    const shown = wanted.slice(-MAX_ROWS).reverse();
    this.body.replaceChildren(...shown.map((one) => this.row(one)));
    byId('tail').hidden = shown.length === 0;
    byId('tail-none').hidden = shown.length > 0;
    setText(
      byId('tail-none'),
      !this.watching ? 'Nobody watches.' : this.kept.length === 0 ? 'Nothing was answered yet.' : 'None is like this.',
    );
  }

  private row(one: ShownRequest): HTMLElement {
    const { at, method, path, query, route, status, outcome, tookMs, worker, why } = one;
    const name = `${method} ${path}${query === '' ? '' : `?${query}`}`;
    return el(
      'tr',
      {},
      el(
        'th',
        { scope: 'row' },
        el('button', { type: 'button', class: 'quiet', onclick: () => open(one, name) }, clock(at)),
      ),
      el('td', {}, name),
      el('td', {}, route),
      el('td', {}, el('span', { class: `dot ${outcome}` }), OUTCOME_WORDS.get(outcome)),
      el('td', {}, String(status)),
      el('td', {}, duration(tookMs)),
      el('td', {}, worker),
      el('td', {}, why),
    );
  }
}

/** The way of one request, in a dialog. */
function open({ at, route, member, worker, status, tookMs, why, steps }: ShownRequest, name: string): void {
  const dialog = byId<HTMLDialogElement>('request');
  const whole = Math.max(tookMs, 0.1);
  dialog.setAttribute('aria-labelledby', 'request-title');
  dialog.replaceChildren(
    el('h2', { id: 'request-title' }, name),
    el(
      'p',
      { class: 'hint' },
      `${clock(at)}, ${worker}, route ${route}, ${member ? 'a member' : 'no member'}: ${status} after ${duration(tookMs)}.`,
    ),
    ...(why === '' ? [] : [el('p', { class: 'reason-why' }, `Why: ${why}.`)]),
    el(
      'ol',
      { class: 'steps' },
      ...steps.map(([step, from, to, text]) => {
        const bar = el('span', { class: 'bar', 'aria-hidden': true });
        bar.style.left = `${(100 * from) / whole}%`;
        bar.style.width = `${(100 * (to - from)) / whole}%`;
        return el(
          'li',
          {},
          el('strong', {}, step),
          el('span', { class: 'when' }, to > from ? `${duration(from)} to ${duration(to)}` : `at ${duration(from)}`),
          el('span', { class: 'what' }, text),
          el('span', { class: 'track', 'aria-hidden': true }, bar),
        );
      }),
    ),
    el(
      'div',
      { class: 'row' },
      el('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Close'),
    ),
  );
  dialog.showModal();
}
