import type { Hold } from '../../../monitor-sample.ts';
import type { OperatorAction } from '../../../operator-action.ts';
import * as api from './api.ts';
import { byId, el, setClass, setText } from './dom.ts';

/** What is asked for with an action. */
interface Field {
  name: string;
  label: string;
  kind: 'number' | 'text' | 'choice';
  optional?: boolean;
  value?: string;
  choices?: readonly (readonly [string, string])[];
}

interface Form {
  title: string;
  /** What it does, to be read before it is done. */
  words: string;
  fields: readonly Field[];
  action: (value: (name: string) => string) => OperatorAction;
}

const number = (name: string, label: string, value: string): Field => ({ name, label, kind: 'number', value });
const text = (name: string, label: string, value = ''): Field => ({ name, label, kind: 'text', value });
const choice = (name: string, label: string, ...choices: (readonly [string, string])[]): Field => ({
  name,
  label,
  kind: 'choice',
  choices,
});
const ON_OFF = choice('on', 'State', ['on', 'on'], ['off', 'off']);
const HARD = choice('hard', 'Old copies', ['no', 'kept as last good'], ['yes', 'gone at once']);

const FORMS: readonly Form[] = [
  {
    title: 'Reload',
    words:
      'Reads settings and code anew and changes the workers one by one. If the new version fails, the old one serves on.',
    fields: [],
    action: () => ({ do: 'reload' }),
  },
  {
    title: 'Workers',
    words: 'Fewest and most workers, until the next reload. More than the usable cores never helps.',
    fields: [number('min', 'Fewest', '1'), number('max', 'Most', '2')],
    action: (of) => ({ do: 'workers', min: Number(of('min')), max: Number(of('max')) }),
  },
  {
    title: 'Purge a page',
    words: 'The page at this path is rendered anew for the next visitor.',
    fields: [text('name', 'Path', '/'), HARD],
    action: (of) => ({ do: 'purge', what: 'page', name: of('name'), hard: of('hard') === 'yes' }),
  },
  {
    title: 'Purge a tag',
    words: 'All pages with this tag are rendered anew.',
    fields: [text('name', 'Tag'), HARD],
    action: (of) => ({ do: 'purge', what: 'tag', name: of('name'), hard: of('hard') === 'yes' }),
  },
  {
    title: 'Purge all pages',
    words: 'Every page is rendered anew. In a surge keep the last good copies: they are what visitors get meanwhile.',
    fields: [HARD],
    action: (of) => ({ do: 'purge-all', hard: of('hard') === 'yes' }),
  },
  {
    title: 'Switch a feature off or on',
    words: 'Paths that begin so get a friendly page that says it is switched off for now; all else goes on.',
    fields: [text('path', 'Path', '/search'), choice('on', 'State', ['off', 'off'], ['on', 'on'])],
    action: (of) => ({ do: 'feature', path: of('path'), on: of('on') === 'on' }),
  },
  {
    title: 'Maintenance page',
    words: 'Every visitor gets the maintenance page; health checks are answered as ever.',
    fields: [ON_OFF],
    action: (of) => ({ do: 'maintenance', on: of('on') === 'on' }),
  },
  {
    title: 'Block a network',
    words: 'Requests from it get a 403, for so long. 0 minutes: no longer blocked.',
    fields: [text('network', 'Network', '203.0.113.0/24'), number('minutes', 'Minutes', '60')],
    action: (of) => ({ do: 'block', network: of('network'), minutes: Number(of('minutes')) }),
  },
  {
    title: 'Gate',
    words: 'Tighter: fewer wait, and they wait less. Looser: more wait, and longer. Until the next reload.',
    fields: [
      choice(
        'factor',
        'Bounds',
        ['0.25', 'a quarter'],
        ['0.5', 'half'],
        ['1', 'as the settings say'],
        ['2', 'twice'],
        ['4', 'four times'],
      ),
    ],
    action: (of) => ({ do: 'gate', factor: Number(of('factor')) }),
  },
  {
    title: 'Dry run',
    words: 'The gate counts what it would refuse, and refuses nothing. Until the next reload.',
    fields: [ON_OFF],
    action: (of) => ({ do: 'dry-run', on: of('on') === 'on' }),
  },
  {
    title: 'Hold scaling',
    words: 'The number of workers stays as it is; the dead are replaced still.',
    fields: [ON_OFF],
    action: (of) => ({ do: 'hold-scaling', on: of('on') === 'on' }),
  },
  {
    title: 'Hold reloads',
    words: 'Every reload is refused, by signal and command too.',
    fields: [ON_OFF],
    action: (of) => ({ do: 'hold-reloads', on: of('on') === 'on' }),
  },
  {
    title: 'Plan an event',
    words:
      'Before it workers and pages are made ready; while it goes on a line is kept as soon as somebody finds no room, the fleet does not shrink, and reloads wait.',
    fields: [
      text('name', 'Name'),
      text('at', 'Start, with its zone', `${new Date(Date.now() + 86_400_000).toISOString().slice(0, 13)}:00Z`),
      text('for', 'For', '2h'),
      text('prequeue', 'Visitors gather before it for', '0s'),
      { ...text('pages', 'Paths, with spaces between'), optional: true },
    ],
    action: (of) => ({
      do: 'event-add',
      name: of('name'),
      at: of('at'),
      for: of('for'),
      prequeue: of('prequeue'),
      pages: of('pages').split(/\s+/).filter(Boolean),
    }),
  },
  {
    title: 'CPU profile',
    words: 'What the busiest worker does, for 10 s. It costs that worker a few per cent meanwhile.',
    fields: [],
    action: () => ({ do: 'profile', seconds: 10 }),
  },
  {
    title: 'Note',
    words: 'A line on the time axis, for those who look later.',
    fields: [text('text', 'Note')],
    action: (of) => ({ do: 'note', text: of('text') }),
  },
];

/** The buttons, and the dialog in which an action is confirmed. */
export class Actions {
  csrf: string | null = null;
  private readonly dialog = byId<HTMLDialogElement>('confirm');
  private readonly onDone: () => void;

  constructor(onDone: () => void) {
    this.onDone = onDone;
    byId('actions').append(
      ...FORMS.map((form) =>
        el('button', { type: 'button', class: 'quiet', onclick: () => this.open(form) }, form.title),
      ),
    );
  }

  mute(alert: string): void {
    this.open({
      title: `Mute ${alert}`,
      words: 'It is watched on, and sends no message for so long.',
      fields: [number('minutes', 'Minutes', '60')],
      action: (of) => ({ do: 'mute', alert, minutes: Number(of('minutes')) }),
    });
  }

  letGo({ what, back }: Hold): void {
    this.open({ title: 'Let go', words: `${what}. From now on no longer.`, fields: [], action: () => back });
  }

  removeEvent(id: string, name: string): void {
    this.open({
      title: `Remove "${name}"`,
      words: 'All goes back to how it is without the event, also while it goes on.',
      fields: [],
      action: () => ({ do: 'event-remove', id }),
    });
  }

  private open(form: Form): void {
    if (this.csrf === null) {
      location.assign('/ops?sign-in');
      return;
    }
    const inputs = new Map(form.fields.map((field) => [field.name, inputOf(field)]));
    const outcome = el('p', { class: 'outcome', role: 'status' });
    const go = el('button', { class: 'go' }, form.title);
    const fields = form.fields.map(({ name, label }) => el('label', {}, label, inputs.get(name)));
    this.dialog.setAttribute('aria-labelledby', 'confirm-title');
    this.dialog.replaceChildren(
      el(
        'form',
        {
          method: 'dialog',
          onsubmit: (event) => {
            event.preventDefault();
            void this.run(
              form.action((name) => inputs.get(name)?.value.trim() ?? ''),
              go,
              outcome,
            );
          },
        },
        el('h2', { id: 'confirm-title' }, form.title),
        el('p', {}, form.words),
        ...fields,
        outcome,
        el(
          'div',
          { class: 'row' },
          go,
          el('button', { type: 'button', class: 'quiet', onclick: () => this.dialog.close() }, 'Close'),
        ),
      ),
    );
    this.dialog.showModal();
  }

  private async run(action: OperatorAction, go: HTMLButtonElement, outcome: HTMLElement): Promise<void> {
    go.disabled = true;
    setClass(outcome, 'outcome');
    setText(outcome, 'It is on its way.');
    try {
      const { ok, text } = await api.act(action, this.csrf ?? '');
      setClass(outcome, `outcome ${ok ? 'good' : 'bad'}`);
      setText(outcome, text);
    } catch (error) {
      setClass(outcome, 'outcome bad');
      setText(outcome, error instanceof Error ? error.message : String(error));
    }
    go.disabled = false;
    this.onDone();
  }
}

function inputOf({
  name,
  kind,
  value = '',
  choices = [],
  optional = false,
}: Field): HTMLInputElement | HTMLSelectElement {
  if (kind !== 'choice')
    return el('input', {
      name,
      type: kind,
      value,
      required: !optional,
      autocomplete: 'off',
      ...(kind === 'number' ? { min: 0 } : { maxlength: 500 }),
    });
  return el('select', { name }, ...choices.map(([word, shown]) => el('option', { value: word }, shown)));
}
