import type { ViewChoices } from '../view-choices.ts';
import { byId, el } from './dom.ts';

const DARK_MEDIA = { auto: '(prefers-color-scheme: dark)', light: 'not all', dark: 'all' } as const;
type Theme = ViewChoices['theme'];

/** Theme, and the panels that are shown. */
export class ViewPanel {
  private readonly theme = byId<HTMLSelectElement>('theme');
  private readonly panels = new Map<string, { panel: HTMLElement; box: HTMLInputElement }>();
  private readonly onTheme: () => void;

  /** `onTheme`: the colours are others now; `onChange`: something was chosen. */
  constructor(onTheme: () => void, onChange: () => void) {
    this.onTheme = onTheme;
    this.theme.addEventListener('change', () => {
      this.colour();
      onChange();
    });
    for (const panel of document.querySelectorAll<HTMLElement>('[data-panel]')) {
      const box = el('input', { type: 'checkbox', checked: true });
      this.panels.set(panel.dataset.panel!, { panel, box });
      byId('panels').append(el('label', {}, box, panel.querySelector('h2')?.textContent ?? ''));
      box.addEventListener('change', () => {
        this.hide();
        onChange();
      });
    }
  }

  get choice(): Pick<ViewChoices, 'hidden' | 'theme'> {
    return {
      hidden: [...this.panels].filter(([, { box }]) => !box.checked).map(([name]) => name),
      theme: this.theme.value as Theme,
    };
  }

  /** What was chosen before. */
  begin({ hidden, theme }: ViewChoices): void {
    this.theme.value = theme;
    for (const [name, { box }] of this.panels) box.checked = !hidden.includes(name);
    this.hide();
    this.colour();
  }

  private hide(): void {
    for (const { panel, box } of this.panels.values()) {
      panel.hidden = !box.checked;
      const title = panel.getAttribute('aria-labelledby');
      for (const link of document.querySelectorAll<HTMLElement>(`.jump a[href="#${title}"]`))
        link.hidden = panel.hidden;
    }
  }

  private colour(): void {
    const theme = this.theme.value as Theme;
    const dark = byId<HTMLLinkElement>('dark');
    if (dark.media === DARK_MEDIA[theme]) return;
    dark.media = DARK_MEDIA[theme];
    document.documentElement.style.colorScheme = theme === 'auto' ? '' : theme;
    this.onTheme();
  }
}
