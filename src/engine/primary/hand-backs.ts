import type { Downward, Upward } from '../beats.ts';
import type { PortHandle } from '../link.ts';
import type { Member } from './fleet.ts';

type HandBack = Extract<Upward, { type: 'hand-back' }>;
type Taken = Extract<Upward, { type: 'taken' }>;

/** Connections on their way at a time, over all workers. The lifeboat sends fewer; more are sent back to it. */
export const MAX_ON_THEIR_WAY = 64;

interface OnItsWay {
  member: Member;
  handle: PortHandle;
  reply: (message: Downward) => void;
}

export interface HandBackParts {
  /** Workers that answer now. */
  answering: () => readonly Member[];
  send: (member: Member, message: Downward, handle: PortHandle) => void;
  /** The worker that has a session; undefined: none. */
  ownerOf?: (sid: string) => Member | undefined;
}

export interface HandBacks {
  /** Passes a connection to the worker that has its session, else to one that answers. `reply`: to whom it came from. */
  pass: (message: HandBack, handle: PortHandle | undefined, reply: (message: Downward) => void) => void;
  /** A worker says whether it has the connection. */
  taken: (member: Member, message: Taken) => void;
  /** A worker is gone: what it had not taken goes back to the lifeboat. */
  gone: (member: Member) => void;
}

/**
 * Takes connections from the lifeboat, or from a worker to another, to workers. Whoever gives one keeps its copy until the worker has said that it has the
 * connection, and the worker says that before it reads the request: so a worker's death on the way loses no visitor,
 * and no request is run twice. The primary never looks into the bytes.
 */
export function createHandBacks({ answering, send, ownerOf = () => undefined }: HandBackParts): HandBacks {
  const onTheirWay = new Map<string, OnItsWay>();

  const end = (id: string, taken: boolean): void => {
    const { handle, reply } = onTheirWay.get(id)!;
    onTheirWay.delete(id);
    handle.close();
    reply({ type: 'handed', id, taken });
  };
  /** The worker with the fewest connections on their way to it. */
  const choose = (): Member | undefined => {
    const waiting = new Map<Member, number>();
    for (const { member } of onTheirWay.values()) waiting.set(member, (waiting.get(member) ?? 0) + 1);
    return [...answering()].sort(
      (a, b) =>
        (waiting.get(a) ?? 0) - (waiting.get(b) ?? 0) || (a.beat?.connections ?? 0) - (b.beat?.connections ?? 0),
    )[0];
  };

  return {
    pass({ id, bytes, sid }, handle, reply) {
      const member = sid === undefined ? choose() : ownerOf(sid);
      if (handle === undefined || member === undefined || onTheirWay.size >= MAX_ON_THEIR_WAY || onTheirWay.has(id)) {
        handle?.close();
        reply({ type: 'handed', id, taken: false });
        return;
      }
      onTheirWay.set(id, { member, handle, reply });
      send(member, { type: 'take', id, bytes }, handle);
    },
    taken(member, { id, taken }) {
      if (onTheirWay.get(id)?.member === member) end(id, taken);
    },
    gone(member) {
      for (const [id, { member: to }] of onTheirWay) if (to === member) end(id, false);
    },
  };
}
