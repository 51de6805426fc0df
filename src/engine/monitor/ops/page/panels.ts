import type { OpsEvent, Sample } from '../../../monitor-sample.ts';
import type { AlertView, IncidentView, PlannedView, StorageView } from '../source.ts';
import { byId, el, setClass, setText } from './dom.ts';
import { showFlame } from './flame.ts';
import { bytes, moment, percent, span } from './format.ts';

/** Lines of the list of events, newest first. */
const MAX_EVENTS = 100;

/** What happened in the range that is shown. */
export function showEvents(events: readonly OpsEvent[], now: number): void {
  const list = byId('events');
  const shown = events.slice(-MAX_EVENTS).reverse();
  list.replaceChildren(
    ...shown.map(({ at, kind, text, severity }) =>
      el(
        'li',
        { class: 'event' },
        el('time', { datetime: new Date(at).toISOString() }, moment(at, now)),
        el('span', { class: `kind ${severity ?? 'info'}` }, kind),
        el('span', {}, text),
      ),
    ),
  );
  byId('events-none').hidden = shown.length > 0;
}

/** The machine, and the features of the site as all workers tell them: the worst word counts. */
export function showHost({ host, cache, tickLateP99Ms, backlog, workers }: Sample): void {
  const known = (value: number | null, shown: (value: number) => string): string =>
    value === null ? 'not known' : shown(value);
  const rows: [string, string][] = [
    ['Idle cores', `${known(host.idleCores, (value) => value.toFixed(1))} of ${host.cores}`],
    ['Taken by the host (steal)', known(host.stealShare, percent)],
    ['Memory left', known(host.memoryAvailableBytes, bytes)],
    ['Memory limit', known(host.memoryLimitBytes, bytes)],
    ['Accept backlog', known(backlog, String)],
    ['Pages in the cache', `${cache.pages} (${bytes(cache.bytes)})`],
    ['Lateness of the primary (p99)', `${tickLateP99Ms.toFixed(1)} ms`],
  ];
  const list = byId('host');
  while (list.childElementCount < rows.length) list.append(el('div', {}, el('dt'), el('dd')));
  for (const [index, [name, value]] of rows.entries()) {
    const row = list.children[index]!;
    setText(row.children[0]!, name);
    setText(row.children[1]!, value);
  }
  const worst = new Map<string, string>();
  const order = ['ok', 'degraded', 'down'];
  for (const { features } of workers)
    for (const [name, state] of Object.entries(features))
      if (order.indexOf(state) >= order.indexOf(worst.get(name) ?? 'ok')) worst.set(name, state);
  const text = [...worst].map(([name, state]) => `${name}:${state}`).join();
  const place = byId('features');
  if (place.dataset.shown === text) return;
  place.dataset.shown = text;
  place.replaceChildren(
    ...[...worst].map(([name, state]) => el('li', {}, el('span', { class: `badge ${state}` }, state), ` ${name}`)),
  );
  byId('features-none').hidden = worst.size > 0;
}

/** How far the history reaches, and what it takes. */
export function showStorage({ bytes: taken, maxBytes, keptMs }: StorageView): void {
  setText(
    byId('storage'),
    `Kept: a point a second for ${span(keptMs.seconds)}, a minute for ${span(keptMs.minutes)}, an hour for ${span(keptMs.hours)}. With traffic it takes ${bytes(taken)} on the disk, of ${bytes(maxBytes)} at most.`,
  );
}

/** Alerts that fire or were, and those that are quiet behind a fold. */
export function showAlerts(alerts: readonly AlertView[], now: number, onMute: (name: string) => void): void {
  const loud = alerts.filter(({ state }) => state !== 'inactive');
  byId('alerts').replaceChildren(
    ...loud.map(({ name, state, severity, since, text, mutedUntil, quietSince }) =>
      el(
        'li',
        { class: `alert ${state} ${severity}` },
        el(
          'span',
          { class: `badge ${state === 'firing' ? (severity === 'critical' ? 'down' : 'degraded') : ''}` },
          state,
        ),
        el(
          'div',
          {},
          el('strong', {}, name),
          ` ${withoutName(name, text)}`,
          el(
            'p',
            { class: 'hint' },
            `since ${moment(since, now)}, for ${span(now - since)}${quietWords(quietSince, now)}`,
          ),
        ),
        mutedUntil > now
          ? el('span', { class: 'hint' }, `muted for ${span(mutedUntil - now)}`)
          : el('button', { type: 'button', class: 'quiet', onclick: () => onMute(name) }, 'Mute'),
      ),
    ),
  );
  const firing = loud.filter(({ state, mutedUntil }) => state === 'firing' && mutedUntil <= now);
  const worst = firing.some(({ severity }) => severity === 'critical') ? 'bad' : 'warn';
  setClass(byId('alert-line'), `alert-line ${firing.length === 0 ? 'good' : worst}`);
  setText(
    byId('alert-line'),
    firing.length === 0
      ? alerts.length === 0
        ? 'No rules are watched.'
        : `No alert: ${alerts.length} rules are watched.`
      : firing
          .map(({ name, text, quietSince }) => `${name}: ${withoutName(name, text)}${quietWords(quietSince, now)}`)
          .join('\n'),
  );
}

/** Some texts begin with the name, which stands before them here. */
const withoutName = (name: string, text: string): string =>
  text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text;

const quietWords = (since: number | null, now: number): string =>
  since === null ? '' : `; not so any more for ${span(now - since)}`;

export function showIncidents(incidents: readonly IncidentView[], now: number): void {
  byId('incidents').replaceChildren(
    ...incidents.map(({ id, startedAt, endedAt, text, profile }) =>
      el(
        'li',
        {},
        el('time', { datetime: new Date(startedAt).toISOString() }, moment(startedAt, now)),
        el(
          'span',
          {},
          `${text} `,
          el(
            'span',
            { class: 'hint' },
            endedAt === null ? 'goes on: its report comes two minutes after its end' : span(endedAt - startedAt),
          ),
        ),
        el(
          'span',
          { class: 'files' },
          ...(endedAt === null ? [] : (['html', 'md', 'json'] as const)).map((format) =>
            el('a', { href: `/ops/api/incidents/${id}.${format}`, 'aria-label': `${format} of ${id}` }, format),
          ),
          ...(profile ? [flameButton(`incidents/${id}.cpuprofile`, 'Flame graph', `Flame graph of ${id}`)] : []),
        ),
      ),
    ),
  );
  byId('incidents-none').hidden = incidents.length > 0;
}

export function showProfiles(names: readonly string[]): void {
  const place = byId('profiles');
  const text = names.join();
  // What is there stays: somebody may be on it.
  if (place.dataset.shown === text) return;
  place.dataset.shown = text;
  place.replaceChildren(
    ...names.map((name) =>
      el(
        'li',
        {},
        flameButton(`profiles/${name}`, 'Flame graph', `Flame graph of ${name}`),
        ' ',
        el('a', { href: `/ops/api/profiles/${name}` }, name),
      ),
    ),
  );
}

const flameButton = (path: string, text: string, label: string): HTMLElement =>
  el('button', { type: 'button', class: 'quiet', 'aria-label': label, onclick: () => void showFlame(path) }, text);
/** Events that are planned or go on. */
export function showPlanned(planned: readonly PlannedView[], onRemove: (id: string, name: string) => void): void {
  byId('planned').replaceChildren(
    ...planned.map(({ id, name, line }) =>
      el(
        'li',
        {},
        `${line} `,
        el('button', { type: 'button', class: 'quiet', onclick: () => onRemove(id, name) }, 'Remove'),
      ),
    ),
  );
  byId('planned-none').hidden = planned.length > 0;
}
