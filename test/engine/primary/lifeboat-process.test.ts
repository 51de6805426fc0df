import type { ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { keepLifeboat } from '../../../src/engine/primary/lifeboat-process.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const READY = { type: 'ready', publicPages: { mainPage: '/', languages: [], routes: [] }, problem: null };

/** A keeper whose processes are made by `spawn`, one after the other. */
function keep(spawn: (nth: number) => ChildProcess) {
  let spawned = 0;
  let exits = 0;
  const keeper = keepLifeboat({
    release: { cwd: '/', main: '/main.ts', worker: { exec: '/main.ts', args: [] } },
    env: {},
    handle: { close: () => {} },
    backlog: () => 1,
    log: pino({ level: 'silent' }),
    onMessage: () => {},
    onStart: () => {},
    onExit: () => {
      exits += 1;
    },
    restartDelayMs: () => 200,
    spawn: (() => spawn(++spawned)) as unknown as typeof fork,
  });
  return { keeper, spawned: () => spawned, exits: () => exits };
}

class FakeChild extends EventEmitter {
  connected = true;
  readonly told: string[] = [];
  readonly pid: number | undefined;
  constructor(pid: number | undefined) {
    super();
    this.pid = pid;
  }
  send({ type }: { type: string }): void {
    this.told.push(type);
  }
  kill(): void {
    this.told.push('kill');
  }
}
const asChild = (child: FakeChild): ChildProcess => child as unknown as ChildProcess;

describe('the lifeboat’s process', () => {
  test('is active only when it lives and was lent the port', () => {
    const child = new FakeChild(7);
    const { keeper } = keep(() => asChild(child));
    keeper.setNeeded(true);
    expect([keeper.active, child.told]).toEqual([false, []]);
    child.emit('message', READY);
    expect([keeper.active, child.told]).toEqual([true, ['listen']]);
    child.emit('exit', 1, null);
    expect([keeper.active, keeper.pid]).toEqual([false, undefined]);
  });

  test('is started again when it dies, and lent the port when it is ready', () => {
    const children = [new FakeChild(7), new FakeChild(8)];
    const { keeper, spawned } = keep((nth) => asChild(children[nth - 1]!));
    children[0]!.emit('message', READY);
    keeper.setNeeded(true);
    children[0]!.emit('exit', null, 'SIGKILL');
    keeper.setNeeded(true);
    jest.advanceTimersByTime(199);
    expect(spawned()).toBe(1);
    jest.advanceTimersByTime(1);
    expect([spawned(), keeper.active]).toEqual([2, false]);
    children[1]!.emit('message', READY);
    expect(keeper.active).toBe(true);
  });

  test.each([
    [
      'tells an error and no exit',
      (): ChildProcess => {
        const child = new FakeChild(undefined);
        void Promise.resolve().then(() => child.emit('error', new Error('spawn EAGAIN')));
        return asChild(child);
      },
    ],
    [
      'throws',
      (): ChildProcess => {
        throw new Error('spawn ENOMEM');
      },
    ],
  ])('is started again when its spawn %s', async (_, failing) => {
    const good = new FakeChild(8);
    const { keeper, spawned, exits } = keep((nth) => (nth === 1 ? failing() : asChild(good)));
    await Promise.resolve();
    jest.advanceTimersByTime(0);
    expect([spawned(), exits()]).toEqual([1, 1]);
    keeper.setNeeded(true);
    expect(keeper.active).toBe(false);
    jest.advanceTimersByTime(200);
    good.emit('message', READY);
    expect([spawned(), keeper.active]).toEqual([2, true]);
  });

  test('is active until it says that it has left the port, and stays so when it is called again meanwhile', () => {
    const child = new FakeChild(7);
    const { keeper } = keep(() => asChild(child));
    child.emit('message', READY);
    keeper.setNeeded(true);
    keeper.setNeeded(false);
    expect(keeper.active).toBe(true);
    keeper.setNeeded(true);
    child.emit('message', { type: 'port-closed' });
    expect([keeper.active, child.told]).toEqual([true, ['listen', 'leave', 'listen']]);
    keeper.setNeeded(false);
    child.emit('message', { type: 'port-closed' });
    expect(keeper.active).toBe(false);
  });

  test('that another one replaces gives its visitors back before its end, and is not started again', () => {
    const child = new FakeChild(7);
    const { keeper, spawned } = keep(() => asChild(child));
    child.emit('message', READY);
    keeper.setNeeded(true);
    keeper.retire();
    expect([keeper.active, child.told]).toEqual([true, ['listen', 'leave']]);
    child.emit('message', { type: 'port-closed' });
    expect(keeper.active).toBe(false);
    jest.advanceTimersByTime(2_500);
    expect(child.told.at(-1)).toBe('kill');
    child.emit('exit', null, 'SIGKILL');
    jest.advanceTimersByTime(10_000);
    expect(spawned()).toBe(1);
  });
});
