import { describe, expect, test } from '@jest/globals';
import { type Downward, MAX_HANDED_BYTES, upwardSchema } from '../../../src/engine/beats.ts';
import type { Member } from '../../../src/engine/primary/fleet.ts';
import { createHandBacks, MAX_ON_THEIR_WAY } from '../../../src/engine/primary/hand-backs.ts';
import { serving } from './views.ts';

function set(count: number) {
  const workers = Array.from({ length: count }, (_, n) => serving(`worker-${n + 1}`, 0) as Member);
  const sent: string[] = [];
  const replies: Downward[] = [];
  let open = 0;
  const handBacks = createHandBacks({
    answering: () => workers,
    send: ({ name }, message) => sent.push(`${name} ${'id' in message ? message.id : ''}`),
  });
  return {
    handBacks,
    workers,
    sent,
    /** What the lifeboat was told since the last call. */
    told: () => replies.splice(0),
    /** Copies of connections that the primary holds. */
    copies: () => open,
    pass(id: string, withHandle = true) {
      if (withHandle) open += 1;
      const handle = {
        close() {
          open -= 1;
        },
      };
      handBacks.pass({ type: 'hand-back', id, bytes: '' }, withHandle ? handle : undefined, (reply) =>
        replies.push(reply),
      );
    },
  };
}

const handed = (id: string, taken: boolean): Downward => ({ type: 'handed', id, taken });

describe('a connection that the lifeboat gives back', () => {
  test('goes to the worker to which the fewest are on their way', () => {
    const { pass, sent, handBacks, workers } = set(2);
    for (const id of ['a', 'b', 'c']) pass(id);
    handBacks.taken(workers[0]!, { type: 'taken', id: 'a', taken: true });
    handBacks.taken(workers[0]!, { type: 'taken', id: 'c', taken: true });
    pass('d');
    expect(sent).toEqual(['worker-1 a', 'worker-2 b', 'worker-1 c', 'worker-1 d']);
  });

  test('is the worker’s when the worker says so, and no copy is left behind', () => {
    const { pass, told, copies, handBacks, workers } = set(1);
    pass('a');
    pass('b');
    expect([told(), copies()]).toEqual([[], 2]);
    handBacks.taken(workers[0]!, { type: 'taken', id: 'a', taken: true });
    handBacks.taken(workers[0]!, { type: 'taken', id: 'b', taken: false });
    expect([told(), copies()]).toEqual([[handed('a', true), handed('b', false)], 0]);
    // Said twice it is said once.
    handBacks.taken(workers[0]!, { type: 'taken', id: 'a', taken: true });
    expect(told()).toEqual([]);
  });

  test('stays the lifeboat’s when the worker dies on the way, and only that worker can take it', () => {
    const { pass, told, copies, handBacks, workers } = set(2);
    pass('a');
    handBacks.taken(workers[1]!, { type: 'taken', id: 'a', taken: true });
    expect(told()).toEqual([]);
    handBacks.gone(workers[1]!);
    expect(told()).toEqual([]);
    handBacks.gone(workers[0]!);
    expect([told(), copies()]).toEqual([[handed('a', false)], 0]);
  });

  test('stays the lifeboat’s when no worker answers, or its handle was lost, or its name is in use', () => {
    const none = set(0);
    none.pass('a');
    expect([none.told(), none.copies()]).toEqual([[handed('a', false)], 0]);
    const one = set(1);
    one.pass('b', false);
    one.pass('c');
    one.pass('c');
    expect([one.told(), one.copies()]).toEqual([[handed('b', false), handed('c', false)], 1]);
  });

  test('waits at the lifeboat when too many are on their way', () => {
    const { pass, told, copies } = set(1);
    for (let n = 0; n <= MAX_ON_THEIR_WAY; n += 1) pass(`c${n}`);
    expect([told(), copies()]).toEqual([[handed(`c${MAX_ON_THEIR_WAY}`, false)], MAX_ON_THEIR_WAY]);
  });

  test('comes with a bounded number of bytes, in base64', () => {
    const valid = (bytes: string): boolean => upwardSchema.safeParse({ type: 'hand-back', id: 'a', bytes }).success;
    expect(valid(Buffer.alloc(MAX_HANDED_BYTES).toString('base64'))).toBe(true);
    expect(valid(Buffer.alloc(MAX_HANDED_BYTES + 3).toString('base64'))).toBe(false);
    expect(valid('no base64 at all!')).toBe(false);
  });
});
