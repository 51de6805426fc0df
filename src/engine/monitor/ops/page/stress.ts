import type { StressView } from '../source.ts';
import { byId, el, setText } from './dom.ts';
import { amount, moment } from './format.ts';

/** What the machine can take by its scheduled stress runs: a bar for each, the newest last. */
export function showStress({ text, stale, runs, next }: StressView, now: number): void {
  setText(
    byId('stress-words'),
    text === ''
      ? 'Nothing was measured yet: npm run stress does it now, TAHAN_STRESS_SCHEDULE regularly.'
      : `${text[0]!.toUpperCase()}${text.slice(1)}.`,
  );
  setText(byId('stress-stale'), stale === '' ? '' : `It no longer counts: ${stale}.`);
  byId('stress-stale').hidden = stale === '';
  const most = Math.max(1, ...runs.map((run) => run.most));
  byId('stress-trend').replaceChildren(
    ...runs.map(({ at, version, perSecond, least, most: top }) => {
      const words = `${moment(at, now)}, version ${version}: ${amount(perSecond)} a second (${amount(least)} to ${amount(top)})`;
      const bar = el('span', { class: 'stress-run', title: words, role: 'img', 'aria-label': words });
      bar.style.height = `${(100 * perSecond) / most}%`;
      return bar;
    }),
  );
  byId('stress-trend').hidden = runs.length === 0;
  setText(byId('stress-next'), next === null ? '' : `The next scheduled run: ${new Date(next).toLocaleString()}.`);
}
