import { resolve } from 'node:path';
import type { Config } from '../../config.ts';
import type { Link } from '../link.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { Door } from '../room/door.ts';
import { WaitingPages } from '../room/page.ts';
import { templateAt } from '../room/template.ts';
import { TicketOffice } from '../room/ticket.ts';
import { sessionSecret } from '../secret.ts';

/** The primary is told who came to the door this often, ms. */
const TELL_EVERY_MS = 100;

/**
 * The door of this worker, and its talk with the primary.
 * @throws {TemplateError} the team's page cannot be used
 */
export function createDoor(config: Config, link: Link, recorder: Recorder, extraHeaders: readonly string[]): Door {
  const door = new Door({
    office: new TicketOffice(sessionSecret(config.dataDir, config.sessionSecret)),
    pages: new WaitingPages({
      siteName: config.siteName,
      template: templateAt(resolve(config.roomPage)),
      extraHeaders,
    }),
    secure: config.publicUrl.startsWith('https:'),
    dryRun: config.dryRun,
    auto: config.room !== 'off',
    count: (outcome) => recorder.count('tahan_room_visits_total', [outcome]),
    now: Date.now,
    random: Math.random,
  });
  link.on('room', (state) => door.setState(state));
  setInterval(() => {
    const tidings = door.takeTidings();
    if (tidings !== undefined) link.send(tidings);
  }, TELL_EVERY_MS).unref();
  return door;
}
