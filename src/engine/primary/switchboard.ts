import type { Downward, Upward } from '../beats.ts';
import type { PortHandle } from '../link.ts';
import type { Fleet, Member } from './fleet.ts';
import { createHandBacks } from './hand-backs.ts';
import { createLeases } from './leases.ts';
import type { Lifeboat } from './lifeboat-succession.ts';
import { createPurges } from './purges.ts';
import { SessionOwners } from './session-owners.ts';

/** The lifeboat's number where processes are told apart by number; workers count from 1. */
const LIFEBOAT = 0;

export interface Exchange {
  /** Takes what a worker has for others; another message is left alone. */
  take: (member: Member, message: Upward, handle?: PortHandle) => void;
  /** A worker is about to serve. */
  joined: (member: Member) => void;
  /** Takes what the lifeboat has for others. */
  takeFromLifeboat: (message: Upward, handle: PortHandle | undefined, reply: (message: Downward) => void) => void;
  /** A worker is gone: nobody waits for it any more. */
  gone: (member: Member) => void;
  lifeboatGone: () => void;
}

export interface ExchangeParts {
  fleet: Fleet;
  lifeboat: () => Lifeboat | undefined;
  /** Workers that answer now. */
  answering: () => readonly Member[];
  now: () => number;
}

/**
 * What the processes have to do with one another goes through the primary: leases of renders, purges, broadcasts, and
 * the connections that the lifeboat gives back, and those that are for another worker.
 */
export function createExchange({ fleet, lifeboat, answering, now }: ExchangeParts): Exchange {
  const leases = createLeases();
  const purges = createPurges();
  const handBacks = createHandBacks({ answering, send: fleet.send });
  const owners = new SessionOwners();
  /** With places of their own: in a surge of sessions the lifeboat's visitors must not wait. */
  const handOvers = createHandBacks({
    answering,
    send: fleet.send,
    ownerOf(sid) {
      const owner = owners.of(sid);
      return owner === undefined ? undefined : fleet.members.get(owner);
    },
  });

  const tell = (id: number | undefined, message: Downward): void => {
    const member = id === undefined ? undefined : fleet.members.get(id);
    if (member !== undefined) fleet.send(member, message);
  };

  const lease = (member: Member, { key, ttlMs }: Extract<Upward, { type: 'lease' }>): void => {
    const granted = leases.ask(key, member.id, ttlMs, now());
    fleet.send(member, { type: 'leased', key, granted });
    if (!granted) tell(leases.ownerOf(key), { type: 'wanted', key });
  };

  /** Passes a purge on to every other process, and tells the origin when all have done it. */
  const purge = (origin: number, message: Extract<Upward, { type: 'purge' }>): void => {
    const others = [...fleet.members.values()]
      .filter(({ id, state }) => id !== origin && state !== 'starting')
      .map(({ id }) => id);
    const boat = lifeboat();
    purges.start(message.id, boat?.pid === undefined ? others : [...others, LIFEBOAT], () =>
      tell(origin, { type: 'purged', id: message.id }),
    );
    fleet.broadcast(message, origin);
    boat?.send(message);
  };

  /** One that forgot its own session is told that it has it. */
  const handOver = (
    { id }: Member,
    message: Extract<Upward, { type: 'hand-back' }>,
    handle: PortHandle | undefined,
  ): void => {
    if (message.sid !== undefined && owners.of(message.sid) !== id) {
      handOvers.pass(message, handle, (reply) => tell(id, reply));
      return;
    }
    handle?.close();
    tell(id, { type: 'handed', id: message.id, taken: false });
  };

  return {
    joined(member) {
      if (owners.any) fleet.send(member, { type: 'sessions' });
    },
    take(member, message, handle) {
      switch (message.type) {
        case 'purge':
          purge(member.id, message);
          return;
        case 'purged':
          purges.answered(message.id, member.id);
          return;
        case 'lease':
          lease(member, message);
          return;
        case 'release': {
          const { key, stored } = message;
          for (const waiter of leases.release(key, member.id)) tell(waiter, { type: 'freed', key, stored });
          return;
        }
        case 'broadcast':
          fleet.broadcast(message);
          return;
        case 'taken':
          handBacks.taken(member, message);
          handOvers.taken(member, message);
          return;
        case 'session':
          if (owners.note(message.sid, member.id)) fleet.broadcast({ type: 'sessions' });
          return;
        case 'hand-back':
          handOver(member, message, handle);
          return;
      }
    },
    takeFromLifeboat(message, handle, reply) {
      if (message.type === 'purged') purges.answered(message.id, LIFEBOAT);
      else if (message.type === 'hand-back') handBacks.pass(message, handle, reply);
    },
    gone(member) {
      const { id } = member;
      handBacks.gone(member);
      handOvers.gone(member);
      owners.gone(id);
      for (const [key, waiters] of leases.drop(id))
        for (const waiter of waiters) tell(waiter, { type: 'freed', key, stored: false });
      purges.gone(id);
    },
    lifeboatGone() {
      purges.gone(LIFEBOAT);
    },
  };
}
