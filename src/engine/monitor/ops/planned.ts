import { eventLine, runEventCommand } from '../../events/command.ts';
import { readEvents } from '../../events/file.ts';
import type { ActionResult, OperatorAction } from '../../operator-action.ts';
import type { PlannedView } from './source.ts';

type EventAction = Extract<OperatorAction, { do: 'event-add' | 'event-remove' }>;

const wordsOf = (action: EventAction): string[] =>
  action.do === 'event-remove'
    ? ['remove', action.id]
    : [
        'add',
        `--name=${action.name}`,
        `--at=${action.at}`,
        `--for=${action.for}`,
        `--prequeue=${action.prequeue}`,
        ...action.pages.map((page) => `--page=${page}`),
      ];

/** Adds or removes an event in the file that the primary looks at; the same as the command does. */
export function changeEvents(action: EventAction, dataDir: string, now: number): ActionResult {
  try {
    const [line = ''] = runEventCommand(wordsOf(action), dataDir, now);
    return { ok: true, text: action.do === 'event-add' ? `added: ${line}` : line };
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    if (code !== 'COMMAND') throw error;
    return { ok: false, text: message.split('\n').join('; ') };
  }
}

/**
 * Events that are planned, go on or ended a moment ago.
 * @throws {EventFileError}
 */
export const plannedEvents = (dataDir: string, now: number): PlannedView[] =>
  readEvents(dataDir).map((event) => ({ id: event.id, name: event.name, line: eventLine(event, now) }));
