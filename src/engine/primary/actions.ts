import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Upward } from '../beats.ts';
import { ALL_PAGES, pathTag } from '../cache/make-page.ts';
import { nextPathTag } from '../next/entries.ts';
import type { ActionResult, OperatorAction } from '../operator-action.ts';
import type { Held } from './controls.ts';
import { held } from './controls.ts';
import type { Fleet, Member } from './fleet.ts';
import { isServing } from './view.ts';

export interface ActionParts {
  fleet: Fleet;
  cores: number;
  dataDir: () => string;
  /** What an operator holds now; and takes something new. */
  held: () => Held;
  hold: (next: Held) => void;
  reload: () => void;
  /** A line for the time axis: something ended that was begun before. */
  tell: (text: string, ok: boolean) => void;
}

export interface Actions {
  /** Carries an action out. `done` is called once: at once, or when a worker has told how it ended. */
  run: (action: OperatorAction, done: (result: ActionResult) => void) => void;
  /** An incident has begun: has the busiest worker profiled for its report. */
  profileIncident: (id: string) => void;
  /** News of a worker: it has done an errand. */
  errandDone: (message: Extract<Upward, { type: 'errand-done' }>) => void;
}

/** Errands that no worker has answered yet; one more, and the oldest is forgotten. */
const MAX_ERRANDS = 32;

/** Length of a profile for the report of an incident, s. */
const INCIDENT_PROFILE_S = 10;

/** Carries out what an operator asks for. It changes what is held, or sends a worker on an errand; it never waits. */
export function createActions(parts: ActionParts): Actions {
  const { fleet } = parts;
  const errands = new Map<string, (result: ActionResult) => void>();

  const errand = (done: (result: ActionResult) => void): string => {
    const id = randomUUID();
    errands.set(id, done);
    if (errands.size > MAX_ERRANDS) errands.delete(errands.keys().next().value!);
    return id;
  };
  const serving = (): Member[] => [...fleet.members.values()].filter(isServing);

  const purge = (tags: string[], hard: boolean, done: (result: ActionResult) => void): void => {
    const member = serving().find(({ beat }) => beat !== undefined) ?? serving()[0];
    if (member === undefined) done({ ok: false, text: 'No worker serves that could purge.' });
    else fleet.send(member, { type: 'purge-errand', id: errand(done), tags, hard });
  };

  const busiest = (): Member | undefined =>
    serving().toSorted((one, other) => (other.beat?.elu ?? 0) - (one.beat?.elu ?? 0))[0];

  /** Has a worker profiled into a file of this folder; how it ended comes on the time axis. */
  const profileInto = (member: Member, seconds: number, folder: string, file: string): void => {
    const id = errand(({ ok, text }) => parts.tell(`${file} of ${member.name}: ${text}`, ok));
    fleet.send(member, { type: 'profile', id, seconds, file: join(parts.dataDir(), folder, file) });
  };

  const profile = (name: string | undefined, seconds: number, done: (result: ActionResult) => void): void => {
    const member = name === undefined ? busiest() : serving().find((one) => one.name === name);
    if (member === undefined) {
      done({ ok: false, text: name === undefined ? 'No worker serves.' : `No worker ${name} serves.` });
      return;
    }
    const file = `${new Date().toISOString().replace(/[:.]/g, '-')}-${member.name}.cpuprofile`;
    profileInto(member, seconds, 'profiles', file);
    done({ ok: true, text: `${member.name} is profiled for ${seconds} s; then ${file} can be downloaded.` });
  };

  /** Changes what is held. */
  const change = (action: OperatorAction): ActionResult => {
    const next = held(parts.held(), action, parts.cores, Date.now());
    if (next === undefined) return { ok: false, text: 'This is not for the primary to do.' };
    if (typeof next === 'string') return { ok: false, text: next };
    parts.hold(next.held);
    return { ok: true, text: next.text };
  };

  return {
    run(action, done) {
      switch (action.do) {
        case 'reload':
          if (parts.held().reloads) done({ ok: false, text: 'Reloads are held: let them go first.' });
          else {
            parts.reload();
            done({ ok: true, text: 'The reload has begun; how it ends comes on the time axis.' });
          }
          return;
        case 'purge':
          purge(
            action.what === 'page' ? [pathTag(action.name), nextPathTag(action.name)] : [action.name],
            action.hard,
            done,
          );
          return;
        case 'purge-all':
          purge([ALL_PAGES], action.hard, done);
          return;
        case 'profile':
          profile(action.worker, action.seconds, done);
          return;
        default:
          done(change(action));
      }
    },
    profileIncident(id) {
      const member = busiest();
      if (member === undefined) parts.tell(`No CPU profile of incident ${id}: no worker serves.`, false);
      else profileInto(member, INCIDENT_PROFILE_S, 'incidents', `${id}.cpuprofile`);
    },
    errandDone({ id, ok, text }) {
      const done = errands.get(id);
      errands.delete(id);
      done?.({ ok, text });
    },
  };
}
