import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { FeatureDownError, FeatureTimeoutError } from '../../../src/engine/features/errors.ts';
import { createSiteParts as createFeatures } from '../../../src/engine/features/site-parts.ts';
import { PoolFullError, TaskDeadlineError } from '../../../src/engine/pool/errors.ts';

const boom = (): never => {
  throw new Error('boom');
};

async function failTimes(run: (work: () => never) => Promise<unknown>, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await expect(run(boom)).rejects.toThrow('boom');
}

describe('a feature', () => {
  test('gives what its work gives', async () => {
    const { feature, health } = createFeatures();
    await expect(feature('posts').run(() => 7)).resolves.toBe(7);
    await expect(feature('posts').run(async () => 8)).resolves.toBe(8);
    expect(health()).toEqual({ posts: 'ok' });
  });

  test('is degraded for a while after a failure', async () => {
    let now = 0;
    const { feature } = createFeatures(() => now);
    const posts = feature('posts');
    await failTimes(posts.run, 1);
    expect(posts.state()).toBe('degraded');
    now += 9_999;
    expect(posts.state()).toBe('degraded');
    now += 1;
    expect(posts.state()).toBe('ok');
  });

  test('is down after five failures in a row, and is not run then; other features are', async () => {
    const { feature, health } = createFeatures();
    const posts = feature('posts');
    await failTimes(posts.run, 5);
    let ran = false;
    const attempt = posts.run(() => {
      ran = true;
    });
    await expect(attempt).rejects.toBeInstanceOf(FeatureDownError);
    expect(ran).toBe(false);
    await expect(feature('likes').run(() => 1)).resolves.toBe(1);
    expect(health()).toEqual({ posts: 'down', likes: 'ok' });
  });

  test('is down only while nothing is tried: its health comes back though nobody asks', async () => {
    let now = 0;
    const { feature } = createFeatures(() => now);
    const posts = feature('posts');
    await failTimes(posts.run, 5);
    now = 999;
    expect(posts.state()).toBe('down');
    now = 1_000;
    expect(posts.state()).toBe('degraded');
    now = 10_999;
    expect(posts.state()).toBe('degraded');
    now = 11_000;
    expect(posts.state()).toBe('ok');
  });

  describe('that fails again at each try', () => {
    beforeEach(() => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    });
    afterEach(() => {
      jest.useRealTimers();
    });

    test('is left alone for longer each time, 10 s at most, and is well after a good try', async () => {
      const posts = createFeatures(() => performance.now()).feature('posts');
      await failTimes(posts.run, 5);
      for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
        jest.advanceTimersByTime(pauseMs - 1);
        expect(posts.state()).toBe('down');
        await expect(posts.run(() => 1)).rejects.toBeInstanceOf(FeatureDownError);
        jest.advanceTimersByTime(1);
        expect(posts.state()).toBe('degraded');
        await failTimes(posts.run, 1);
        expect(posts.state()).toBe('down');
      }
      jest.advanceTimersByTime(10_000);
      await expect(posts.run(() => 1)).resolves.toBe(1);
      expect(posts.state()).toBe('ok');
    });
  });

  test('is not to blame for visitors’ mistakes, a busy pool, or a visitor who left', async () => {
    const { feature } = createFeatures();
    const posts = feature('posts');
    for (let time = 0; time < 10; time += 1) {
      await expect(posts.run(() => Promise.reject(Object.assign(new Error('no'), { status: 404 })))).rejects.toThrow(
        'no',
      );
      await expect(posts.run(() => Promise.reject(new PoolFullError('x', 1)))).rejects.toBeInstanceOf(PoolFullError);
      const left = new TaskDeadlineError('x', 1, new Error('the visitor left'));
      await expect(posts.run(() => Promise.reject(left))).rejects.toBe(left);
    }
    expect(posts.state()).toBe('ok');
  });

  test('is to blame for a task that is not done in its time', async () => {
    const posts = createFeatures().feature('posts');
    await expect(posts.run(() => Promise.reject(new TaskDeadlineError('x', 1)))).rejects.toThrow('not done');
    expect(posts.state()).toBe('degraded');
  });

  test('that takes too long is given up', async () => {
    const { feature } = createFeatures();
    const posts = feature('posts');
    await expect(posts.run(() => new Promise(() => {}), 5)).rejects.toBeInstanceOf(FeatureTimeoutError);
    expect(posts.state()).toBe('degraded');
  });
});

describe('an injected fault', () => {
  test('of kind error fails the feature until it expires', async () => {
    let now = 0;
    const { feature } = createFeatures(() => now);
    const posts = feature('posts');
    posts.injectFault({ kind: 'error', ms: 0, seconds: 2 });
    await expect(posts.run(() => 1)).rejects.toMatchObject({ code: 'INJECTED_FAULT' });
    now = 2_000;
    await expect(posts.run(() => 1)).resolves.toBe(1);
  });

  test('of kind slow waits, then works', async () => {
    const { feature } = createFeatures();
    const posts = feature('posts');
    posts.injectFault({ kind: 'slow', ms: 20, seconds: 60 });
    const began = performance.now();
    await expect(posts.run(() => 1)).resolves.toBe(1);
    expect(performance.now() - began).toBeGreaterThanOrEqual(19);
    await expect(posts.run(() => 1, 5)).rejects.toBeInstanceOf(FeatureTimeoutError);
  });

  test('of kind hang never ends by itself', async () => {
    const { feature } = createFeatures();
    const posts = feature('posts');
    posts.injectFault({ kind: 'hang', ms: 0, seconds: 60 });
    await expect(posts.run(() => 1, 10)).rejects.toBeInstanceOf(FeatureTimeoutError);
  });
});
