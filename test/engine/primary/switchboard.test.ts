import { describe, expect, test } from '@jest/globals';
import type { Downward, Upward } from '../../../src/engine/beats.ts';
import type { Fleet, Member } from '../../../src/engine/primary/fleet.ts';
import type { Lifeboat } from '../../../src/engine/primary/lifeboat-succession.ts';
import { createExchange } from '../../../src/engine/primary/switchboard.ts';

/** Workers 1 to `count` and a lifeboat, and what each was told. */
function set(count = 3) {
  const told: [number | 'lifeboat', Downward][] = [];
  const members = new Map(
    Array.from({ length: count }, (_, index) => [index + 1, { id: index + 1, state: 'serving' } as Member]),
  );
  const fleet = {
    members,
    send: (member: Member, message: Downward) => told.push([member.id, message]),
    broadcast(message: Downward, except?: number) {
      for (const id of members.keys()) if (id !== except) told.push([id, message]);
    },
  };
  const lifeboat = { pid: 7, send: (message: Downward) => told.push(['lifeboat', message]) };
  const exchange = createExchange({
    fleet: fleet as unknown as Fleet,
    lifeboat: () => lifeboat as unknown as Lifeboat,
    answering: () => [...members.values()],
    now: () => 0,
  });
  return {
    exchange,
    members,
    take: (id: number, message: Upward) => exchange.take(members.get(id)!, message),
    /** What was told since the last call: to whom, and the type. */
    news: () => told.splice(0).map(([to, { type }]) => `${to} ${type}`),
  };
}

const PURGE: Upward = { type: 'purge', id: 'p1', tags: ['a'], hard: false, at: 1 };

describe('a purge', () => {
  test('goes to all others, and its origin learns when all have done it', () => {
    const { exchange, take, news } = set();
    take(1, PURGE);
    expect(news()).toEqual(['2 purge', '3 purge', 'lifeboat purge']);
    take(2, { type: 'purged', id: 'p1' });
    exchange.takeFromLifeboat({ type: 'purged', id: 'p1' }, undefined, () => {});
    expect(news()).toEqual([]);
    take(3, { type: 'purged', id: 'p1' });
    expect(news()).toEqual(['1 purged']);
  });

  test('is not held up by those that are gone, or have only begun to start', () => {
    const { exchange, members, take, news } = set();
    members.get(3)!.state = 'starting';
    take(1, PURGE);
    news();
    exchange.lifeboatGone();
    exchange.gone(members.get(2)!);
    expect(news()).toEqual(['1 purged']);
  });
});

describe('a connection for a session', () => {
  const handBack: Upward = { type: 'hand-back', id: 'c1', bytes: '', sid: 's' };
  const handle = (): { close: () => void; open: number } => ({
    open: 1,
    close() {
      this.open -= 1;
    },
  });

  test('goes to the worker that opened the session, and its giver learns that it has it', () => {
    const { exchange, members, take, news } = set();
    take(2, { type: 'session', sid: 's' });
    expect(news()).toEqual(['1 sessions', '2 sessions', '3 sessions']);
    const copy = handle();
    exchange.take(members.get(1)!, handBack, copy);
    expect(news()).toEqual(['2 take']);
    take(2, { type: 'taken', id: 'c1', taken: true });
    expect([news(), copy.open]).toEqual([['1 handed'], 0]);
  });

  test('comes back where nobody has the session, or the giver itself', () => {
    const { exchange, members, take, news } = set();
    const copy = handle();
    exchange.take(members.get(1)!, handBack, copy);
    expect([news(), copy.open]).toEqual([['1 handed'], 0]);
    take(1, { type: 'session', sid: 's' });
    news();
    const again = handle();
    exchange.take(members.get(1)!, handBack, again);
    expect([news(), again.open]).toEqual([['1 handed'], 0]);
    exchange.gone(members.get(1)!);
    exchange.take(members.get(2)!, handBack, handle());
    expect(news()).toEqual(['2 handed']);
  });

  test('is known to a worker that comes later', () => {
    const { exchange, members, take, news } = set();
    exchange.joined(members.get(3)!);
    take(1, { type: 'session', sid: 's' });
    news();
    exchange.joined(members.get(3)!);
    expect(news()).toEqual(['3 sessions']);
  });
});

describe('a lease', () => {
  const ask: Upward = { type: 'lease', key: 'k', ttlMs: 1_000 };

  test('has one owner, who learns that others wait; they learn when it is done', () => {
    const { take, news } = set();
    take(1, ask);
    expect(news()).toEqual(['1 leased']);
    take(2, ask);
    expect(news()).toEqual(['2 leased', '1 wanted']);
    take(1, { type: 'release', key: 'k', stored: true });
    expect(news()).toEqual(['2 freed']);
  });

  test('of a worker that is gone is free', () => {
    const { exchange, members, take, news } = set();
    take(1, ask);
    take(2, ask);
    news();
    exchange.gone(members.get(1)!);
    members.delete(1);
    expect(news()).toEqual(['2 freed']);
    take(2, ask);
    expect(news()).toEqual(['2 leased']);
  });
});

test('a connection of the lifeboat goes to a worker; its answer, or its end, goes back', () => {
  const { exchange, members, take, news } = set(1);
  const replies: Downward[] = [];
  const give = (id: string): void =>
    exchange.takeFromLifeboat({ type: 'hand-back', id, bytes: '' }, { close: () => {} }, (reply) =>
      replies.push(reply),
    );
  give('c1');
  expect(news()).toEqual(['1 take']);
  take(1, { type: 'taken', id: 'c1', taken: true });
  give('c2');
  exchange.gone(members.get(1)!);
  expect(replies).toEqual([
    { type: 'handed', id: 'c1', taken: true },
    { type: 'handed', id: 'c2', taken: false },
  ]);
});

test('a broadcast goes to every worker; what is for the primary alone goes to nobody', () => {
  const { take, news } = set(2);
  take(1, { type: 'broadcast', topic: 't', body: 1 });
  expect(news()).toEqual(['1 broadcast', '2 broadcast']);
  take(1, { type: 'pulse' });
  expect(news()).toEqual([]);
});
