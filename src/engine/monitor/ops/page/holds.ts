import type { Hold, Sample } from '../../../monitor-sample.ts';
import { byId, el, setText } from './dom.ts';
import { moment, span } from './format.ts';

/** What an operator holds beside the settings, since when, and the way back. */
export class Holds {
  private shown = '';
  private readonly onLetGo: (hold: Hold) => void;

  constructor(onLetGo: (hold: Hold) => void) {
    this.onLetGo = onLetGo;
  }

  show({ holds, holdsLeftOut }: Pick<Sample, 'holds' | 'holdsLeftOut'>, now: number): void {
    setText(byId('holds-more'), holdsLeftOut === 0 ? '' : `${holdsLeftOut} more, older than these.`);
    byId('holds-none').hidden = holds.length > 0;
    const text = holds.map(({ what, since, until }) => `${what} ${since} ${until}`).join();
    if (text !== this.shown) this.write(holds);
    this.shown = text;
    for (const [index, { since, until }] of holds.entries()) {
      const ends = until === null ? '' : `, for ${span(until - now)} more`;
      setText(
        byId('holds').children[index]!.querySelector('.hint')!,
        `since ${moment(since, now)}, for ${span(now - since)}${ends}`,
      );
    }
  }

  private write(holds: readonly Hold[]): void {
    byId('holds').replaceChildren(
      ...holds.map((hold) =>
        el(
          'li',
          { class: 'hold' },
          el('div', {}, el('span', {}, hold.what), ' ', el('span', { class: 'hint' })),
          el(
            'button',
            { type: 'button', class: 'quiet', 'aria-label': `Let go: ${hold.what}`, onclick: () => this.onLetGo(hold) },
            'Let go',
          ),
        ),
      ),
    );
  }
}
