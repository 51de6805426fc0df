import type { Sample } from '../../../monitor-sample.ts';
import { byId, el, setClass, setText } from './dom.ts';
import { amount, clock, percent, span } from './format.ts';
import {
  decisionWords,
  limitWords,
  modeWord,
  OUTCOMES,
  reasonWords,
  refusedWords,
  spokenGlance,
  totalsOf,
  trendWords,
  visitorsWords,
} from './words.ts';

/** What is "right now": the samples of so long, ms. At rest one comes each five seconds. */
const NOW_MS = 5_500;
/** A screen reader is told no more often, ms; and at once when the mode changes. */
const SPEAK_EVERY_MS = 30_000;

/** The top of the page. */
export class Glance {
  private spokenAt = 0;
  private spokenMode = '';
  private readonly parts = new Map(
    OUTCOMES.map(([outcome, word]) => {
      const bar = el('span', { class: `part ${outcome}` });
      const value = el('b');
      const share = el('span', { class: 'share' });
      byId('split').append(bar);
      byId('split-legend').append(
        el('li', {}, el('span', { class: `dot ${outcome}`, 'aria-hidden': true }), value, ` ${word} `, share),
      );
      return [outcome, { bar, value, share }];
    }),
  );

  /** `recent`: the samples of the last minutes, oldest first. */
  show(recent: readonly Sample[], now: number): void {
    const last = recent.at(-1);
    if (last === undefined) return;
    const short = recent.filter(({ at }) => at > last.at - NOW_MS);
    const { all, counts, seconds } = totalsOf(short);
    const per = Math.max(1, seconds);
    setClass(byId('mode'), `mode ${last.mode}`);
    setText(byId('mode'), modeWord(last));
    setText(byId('since'), `for ${span(now - last.modeSince)}, since ${clock(last.modeSince)}`);
    setText(byId('reason'), reasonWords(last, now));
    setText(byId('rate'), amount(all / per));
    setText(byId('trend'), trendWords(recent));
    setText(byId('visitors'), visitorsWords(short));
    setText(byId('limit'), limitWords(last));
    setText(byId('decision'), decisionWords(last, now));
    setText(byId('refused'), refusedWords(short));
    byId('lifeboat').hidden = !last.lifeboat;
    for (const [outcome] of OUTCOMES) {
      const { bar, value, share } = this.parts.get(outcome)!;
      const part = all === 0 ? 0 : counts[outcome] / all;
      bar.style.flexGrow = String(part);
      bar.hidden = part === 0;
      setText(value, amount(counts[outcome] / per));
      setText(share, all === 0 ? '' : percent(part));
    }
    document.title = `${modeWord(last)} · ${amount(all / per)} req/s · Tahan operations`;
    if (now - this.spokenAt < SPEAK_EVERY_MS && last.mode === this.spokenMode) return;
    this.spokenAt = now;
    this.spokenMode = last.mode;
    setText(byId('spoken'), spokenGlance(short));
  }
}
