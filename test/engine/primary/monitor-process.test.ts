import type { ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import type { ToMonitor } from '../../../src/engine/monitor-messages.ts';
import { keepMonitor, MAX_UNSENT, MAX_UNTAKEN, type Monitor } from '../../../src/engine/primary/monitor-process.ts';
import { sampleOf } from '../alerts/sample.ts';

let clock = 0;
beforeEach(() => {
  jest.useFakeTimers();
  clock = 0;
});
afterEach(() => void jest.useRealTimers());

class FakeChild extends EventEmitter {
  connected = true;
  readonly pid = 7;
  readonly got: string[] = [];
  killed = false;
  /** Whether the kernel takes what is sent. */
  isTaking = true;
  send({ type }: { type: string }, _handle: unknown, done: () => void): void {
    this.got.push(type);
    if (this.isTaking) done();
  }
  disconnect(): void {
    this.connected = false;
  }
  kill(): void {
    this.killed = true;
  }
}

function keep(): { monitor: Monitor; children: FakeChild[]; folders: string[] } {
  const children: FakeChild[] = [];
  const folders: string[] = [];
  const monitor = keepMonitor({
    release: { cwd: '/', main: '/main.ts' },
    env: {},
    log: pino({ level: 'silent' }),
    onAction: () => {},
    onTail: () => {},
    onIncident: () => {},
    onAsked: () => {},
    now: () => clock,
    spawn: ((_main: string, _args: string[], { env }: { env: Record<string, string> }) => {
      folders.push(env.TAHAN_INTERNAL_OPS!);
      const child = new FakeChild();
      children.push(child);
      return child as unknown as ChildProcess;
    }) as unknown as typeof fork,
  });
  return { monitor, children, folders };
}
const sample: ToMonitor = { type: 'sample', sample: sampleOf(1) };
const event: ToMonitor = { type: 'event', event: { at: 1, kind: 'note', text: 'x' } };

describe('what is sent to the monitor', () => {
  test('is dropped when it leaves samples untaken, and goes on when it takes them', () => {
    const { monitor, children } = keep();
    const [child] = children;
    for (let index = 0; index < MAX_UNTAKEN + 5; index++) monitor.send(sample);
    expect([child!.got.length, monitor.dropped]).toEqual([MAX_UNTAKEN, 5]);
    monitor.send(event);
    expect(monitor.dropped).toBe(6);
    child!.emit('message', { type: 'pulse' });
    monitor.send(sample);
    expect(child!.got).toHaveLength(MAX_UNTAKEN + 1);
    void monitor.stop();
  });

  test('is dropped when the kernel has no room for it', () => {
    const { monitor, children } = keep();
    children[0]!.isTaking = false;
    for (let index = 0; index < MAX_UNSENT + 5; index++) monitor.send(event);
    expect([children[0]!.got.length, monitor.dropped]).toEqual([MAX_UNSENT, 5]);
    void monitor.stop();
  });
});

describe('the monitor’s process', () => {
  test('is ended when it has taken nothing for a minute, and begun anew without what was on its way', () => {
    const { monitor, children } = keep();
    children[0]!.emit('message', { type: 'ready', socket: '/tmp/ops.sock' });
    expect(monitor.socket).toBe('/tmp/ops.sock');
    for (let index = 0; index < MAX_UNTAKEN; index++) monitor.send(sample);
    clock = 60_000;
    monitor.send(sample);
    expect(children[0]!.killed).toBe(false);
    clock = 60_001;
    monitor.send(sample);
    expect(children[0]!.killed).toBe(true);
    children[0]!.emit('exit', null, 'SIGKILL');
    expect(monitor.socket).toBeUndefined();
    jest.advanceTimersByTime(5_000);
    monitor.send(sample);
    expect(children[1]!.got).toEqual(['sample']);
    void monitor.stop();
  });

  test('is not started again after the end, and its folder is gone', () => {
    const { monitor, children, folders } = keep();
    expect(existsSync(folders[0]!)).toBe(true);
    void monitor.stop();
    children[0]!.emit('exit', null, 'SIGKILL');
    jest.advanceTimersByTime(60_000);
    expect([children.length, existsSync(folders[0]!)]).toEqual([1, false]);
  });

  test('is told to end and writes what it knows; only one that does not end is killed', async () => {
    const { monitor, children } = keep();
    const ended = monitor.stop();
    expect([children[0]!.connected, children[0]!.killed]).toEqual([false, false]);
    jest.advanceTimersByTime(1_999);
    expect(children[0]!.killed).toBe(false);
    jest.advanceTimersByTime(1);
    expect(children[0]!.killed).toBe(true);
    children[0]!.emit('exit', null, 'SIGKILL');
    await ended;
  });

  test('of new settings begins when the one before is gone, once', async () => {
    const { monitor, children } = keep();
    const generation = { env: {}, release: { cwd: '/', main: '/main.ts' } } as never;
    monitor.renew(generation);
    monitor.renew(generation);
    await Promise.resolve();
    expect(children).toHaveLength(1);
    children[0]!.emit('exit', 0, null);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    expect(children).toHaveLength(2);
    const ended = monitor.stop();
    children[1]!.emit('exit', 0, null);
    await ended;
  });

  test('a message that is none of ours is not listened to', () => {
    const { monitor, children } = keep();
    children[0]!.emit('message', { type: 'ready', socket: 'x'.repeat(200) });
    children[0]!.emit('message', 'what');
    expect(monitor.socket).toBeUndefined();
    void monitor.stop();
  });
});
